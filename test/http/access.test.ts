/**
 * Every route of the built app × everybody who may come along. The routes are those that Fastify
 * has been given, so that a new one is walked without being named here; who may call it follows
 * from the contract, and exceptions from its rules are written down here.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { expect, it } from "vitest";
import { type AppParts, buildApp } from "../../src/http/app.ts";
import type { Access } from "../../src/http/auth.ts";
import { type Endpoint, endpoint } from "../../src/http/endpoint.ts";
import type { RouteParts } from "../../src/http/parts.ts";
import { allEndpoints } from "../../src/http/routes/index.ts";
import { startService } from "../support/service.ts";
import { bearer, ROLES, sha256, tokensFile, writeTokens } from "../support/tokens.ts";

interface Route {
  readonly method: string;
  readonly url: string;
}

/** The routes that Fastify is given while something is started. */
async function routesOf<T>(start: () => Promise<T>): Promise<{ started: T; routes: Route[] }> {
  const routes: Route[] = [];
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook("onRoute", ({ method, url }) => {
      routes.push(...[method].flat().map((each) => ({ method: each, url })));
    });
  };
  subscribe("fastify.initialization", watch);
  try {
    return { started: await start(), routes };
  } finally {
    unsubscribe("fastify.initialization", watch);
  }
}

const endpoints = allEndpoints({} as RouteParts);
const OPEN_PAGES = /^\/(healthz|readyz|openapi\.json|docs(\/.*)?)$/;

/** What a route declares; methods that a path does not have are told to who may read. */
function declared({ method, url }: Route): Access {
  const asked = method === "HEAD" ? "GET" : method;
  const found = endpoints.find((each) => each.url === url && each.method === asked);
  if (found) return found;
  return { role: OPEN_PAGES.test(url) ? "open" : "viewer" };
}

type Who = (typeof ROLES)[number] | "nobody" | "own server" | "another server";

function expected({ role, storageServer }: Access, who: Who): 401 | 403 | "let through" {
  if (role === "open") return "let through";
  if (who === "nobody") return 401;
  if (who === "own server" && storageServer !== undefined) return "let through";
  if (who === "another server" && storageServer === "any") return "let through";
  const rank = (ROLES as readonly string[]).indexOf(who);
  return rank >= ROLES.indexOf(role) ? "let through" : 403;
}

/** A service with everybody registered, and the headers that they come with. */
async function setUp() {
  const TOKENS_FILE = tokensFile([...ROLES, "former-admin"]);
  const { started: client, routes } = await routesOf(() => startService({ TOKENS_FILE }));
  const register = async (id: string): Promise<string> =>
    (await client.put(`/v1/storage-servers/${id}`, {}, bearer("operator"))).body.token;
  const [own, other, rotated] = [
    await register("s-1"),
    await register("s-2"),
    await register("s-3"),
  ];
  const admin = bearer("former-admin");
  expect((await client.post("/v1/storage-servers/s-3/rotate-token", undefined, admin)).status).toBe(
    200,
  );
  writeTokens(TOKENS_FILE, ROLES);
  client.service.reread();
  const callers: [Who, Record<string, string>][] = [
    ["nobody", {}],
    ["nobody", bearer("wrong")],
    // The hash as it stands in TOKENS_FILE.
    ["nobody", bearer(sha256("admin"))],
    ["nobody", { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` }],
    ["nobody", { authorization: "Bearer" }],
    ["nobody", { authorization: "admin" }],
    ["nobody", bearer("admin, Bearer admin")],
    ["nobody", { "x-authorization": "Bearer admin", cookie: "token=admin" }],
    ["nobody", bearer(rotated)],
    ["nobody", bearer("former-admin")],
    ["viewer", bearer("viewer")],
    ["own server", bearer(own)],
    ["another server", bearer(other)],
    ["operator", bearer("operator")],
    ["admin", bearer("admin")],
  ];
  return { client, routes, callers };
}

/** Those who are let through meet nothing that is there: what they call changes nothing here. */
function urlFor({ url }: Route, who: Who): string {
  const server = (ROLES as readonly string[]).includes(who) ? "none" : "s-1";
  return url
    .replace(":storageServerId", server)
    .replace(":revision", "1")
    .replace(/:\w+|\*/g, "none");
}

it("lets nobody make a call but those whom its route names", async () => {
  const { client, routes, callers } = await setUp();
  for (const { method, url } of endpoints) expect(routes).toContainEqual({ method, url });
  const nowhere = ["/metrics/nothing", "/v1", "/v1/nothing", "/%76%31/nothing", "/v1/cluster/"];
  const all = [...routes, ...nowhere.map((url) => ({ method: "GET", url }))];
  const wrong: unknown[] = [];
  for (const route of all) {
    for (const [who, headers] of callers) {
      const url = urlFor(route, who);
      const { status, body } = await client.call(route.method, url, undefined, headers);
      const outcome = status === 401 || status === 403 ? status : "let through";
      const due = expected(declared(route), who);
      if (outcome !== due) wrong.push({ ...route, who, headers, due, status, body });
    }
  }
  expect(wrong).toEqual([]);
});

it("declares the roles of the contract", () => {
  const unusual: Record<string, string> = {
    "GET /v1/backups": "admin",
    "POST /v1/backups": "admin",
    "POST /v1/generation": "admin",
    "POST /v1/storage-servers/:storageServerId/fence": "admin",
    "POST /v1/storage-servers/:storageServerId/rotate-secret": "admin",
    "POST /v1/storage-servers/:storageServerId/rotate-token": "admin",
    "GET /healthz": "open",
    "GET /readyz": "open",
  };
  const usual = (method: string) => (method === "GET" ? "viewer" : "operator");
  const named = (each: Endpoint) => `${each.method} ${each.url}`;
  const roles = endpoints.map((each) => [named(each), each.role]);
  const due = endpoints.map((each) => [named(each), unusual[named(each)] ?? usual(each.method)]);
  expect(roles).toEqual(due);
  const ofServers = endpoints.flatMap((each) =>
    each.storageServer ? [`${named(each)}: ${each.storageServer}`] : [],
  );
  expect(ofServers).toEqual([
    "POST /v1/storage-servers/:storageServerId/report: own",
    "GET /v1/storage-servers/:storageServerId/updates: own",
    "GET /v1/snapshots/:generation/:revision: any",
    "GET /v1/events: any",
  ]);
});

it("turns strangers away before it reads what they send", async () => {
  const { client } = await setUp();
  for (const url of ["/v1/topology", "/v1/nothing", "/metrics"]) {
    const { status } = await client.post(url, "{ no JSON");
    expect([url, status]).toEqual([url, 401]);
  }
});

it("does not start with a route that declares no role", async () => {
  const parts = { logger: pino({ level: "silent" }), endpoints: [] as Endpoint[] };
  const build = (more: object) => buildApp({ ...parts, ...more } as unknown as AppParts);
  const bare = endpoint({
    ...endpoints[0]!,
    url: "/v1/bare",
    role: undefined as never,
  });
  await expect(build({ endpoints: [bare] })).rejects.toThrow(/\/v1\/bare declares no role/);
  const app = await build({});
  expect(() => app.get("/v1/later", () => "secret")).toThrow("GET /v1/later declares no role");
});
