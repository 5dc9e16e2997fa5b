/**
 * Who calls. With tokens, every call but the open ones needs one; without tokens only loopback is
 * served (config.ts sees to that) and every caller is admin. Then a browser must not be lent as a
 * weapon: a page of another origin, or a name that was re-bound to 127.0.0.1, is turned away.
 */
import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { ClusterState } from "../core/cluster-state.ts";
import { hashToken } from "../operations/credentials.ts";
import type { Role } from "./endpoint.ts";
import { HttpProblem } from "./problems.ts";

export interface TokenEntry {
  readonly name: string;
  readonly role: Exclude<Role, "open">;
  /** Of the token, in hex. */
  readonly sha256: string;
}

export interface Identity {
  /** The token's name, or `storage-server:<id>`; `local` without tokens. */
  readonly actor: string;
  /** A storage server may do nothing but what is its own. */
  readonly role: TokenEntry["role"] | "storage-server";
  /** The storage server that calls with its own token. */
  readonly storageServerId?: string;
}

/** Who may make a call: everybody from a role on, and perhaps storage servers. */
export interface Access {
  readonly role: Role;
  /** `own`: the storage server that the path names; `any`: every one. */
  readonly storageServer?: "own" | "any" | undefined;
}

const RANK = { viewer: 1, operator: 2, admin: 3, "storage-server": 0 } as const;
/** Of a host, as DNS has it. */
const NAME_CHARACTERS_MAX = 255;
const LOOPBACK_NAMES = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export interface AuthParts {
  /** Read anew at each call, so that tokens can be changed while the service runs. */
  readonly tokens: () => readonly TokenEntry[] | undefined;
  readonly state: () => ClusterState;
}

/** Lets a call through and tells who makes it, or refuses with 401 or 403. */
export function authorise(
  parts: AuthParts,
  request: FastifyRequest,
  { role, storageServer }: Access,
): Identity {
  if (role === "open") return { actor: "anonymous", role: "viewer" };
  const tokens = parts.tokens();
  if (tokens === undefined) {
    refuseForeignPages(request);
    return { actor: "local", role: "admin" };
  }
  const identity = identify(bearerToken(request), tokens, parts.state());
  if (!identity) {
    throw new HttpProblem(
      401,
      "unauthenticated",
      {
        detail: "this call needs a valid bearer token",
        correction: "Send `Authorization: Bearer <token>` with a token of TOKENS_FILE",
      },
      { "www-authenticate": "Bearer" },
    );
  }
  // Also of who may not do this: the log and the audit name him.
  request.actor = identity.actor;
  if (storageServer && isServer(identity, storageServer, request)) return identity;
  if (RANK[identity.role] < RANK[role]) {
    throw new HttpProblem(403, "forbidden", {
      detail: `${identity.actor} has the role ${identity.role}, this call needs ${role}`,
      correction: `Use a token with the role ${role}`,
    });
  }
  return identity;
}

function isServer(
  { storageServerId }: Identity,
  which: "own" | "any",
  { params }: FastifyRequest,
): boolean {
  if (storageServerId === undefined) return false;
  return (
    which === "any" || (params as { storageServerId?: string }).storageServerId === storageServerId
  );
}

function bearerToken(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** Looks at all entries of a list, so that the time taken does not tell which one came close. */
function identify(
  token: string | undefined,
  tokens: readonly TokenEntry[],
  state: ClusterState,
): Identity | undefined {
  if (token === undefined) return undefined;
  const presented = Buffer.from(hashToken(token), "hex");
  let found: Identity | undefined;
  for (const { name, role, sha256 } of tokens) {
    if (timingSafeEqual(presented, Buffer.from(sha256, "hex"))) found ??= { actor: name, role };
  }
  if (found) return found;
  for (const { id } of state.storageServers.values()) {
    const { tokenSha256 } = state.credentials.get(id)!;
    if (timingSafeEqual(presented, Buffer.from(tokenSha256, "hex"))) {
      const actor = `storage-server:${id}`;
      found ??= { actor, role: "storage-server", storageServerId: id };
    }
  }
  return found;
}

function refuseForeignPages(request: FastifyRequest): void {
  const { host = "", origin } = request.headers;
  const foreignHost = !LOOPBACK_NAMES.test(host);
  const foreignOrigin =
    origin !== undefined && !LOOPBACK_NAMES.test(origin.replace(/^\w+:\/\//, ""));
  if (!foreignHost && !foreignOrigin) return;
  const foreign = (origin ?? host).slice(0, NAME_CHARACTERS_MAX);
  throw new HttpProblem(403, "foreign-origin", {
    detail: `without tokens only pages and names of this machine are served, not ${foreign}`,
    correction: "Call http://127.0.0.1, or set TOKENS_FILE",
  });
}
