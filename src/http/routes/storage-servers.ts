import { z } from "zod";
import { findStorageServer } from "../../core/decisions/find.ts";
import { serverUsers, whatHoldsStorageServer } from "../../core/decisions/holdbacks.ts";
import type { StorageServer } from "../../core/model.ts";
import {
  fence,
  patchStorageServer,
  putStorageServer,
  removeStorageServer,
  retry,
  rotateSecret,
  rotateToken,
} from "../../operations/storage-servers.ts";
import { type Endpoint, endpoint, type Role } from "../endpoint.ts";
import { pageOfMap } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, read, written } from "../reply.ts";
import { pageOf, pageQuery, storageServerId } from "../schemas/common.ts";
import * as schemas from "../schemas/storage-servers.ts";
import { storageServerView } from "../views.ts";
import { storageServerExample as example } from "./examples.ts";

const base = { tag: "Topology", params: z.strictObject({ storageServerId }) } as const;
const url = "/v1/storage-servers/:storageServerId";
const secretExample = "whsec_Z2VuZXJhdGVkIGF0IHRoZSBzZXJ2aWNlLCBzaG93biE=";
const tokenExample = "evk_dGhlIHRva2VuIG9mIGEgc3RvcmFnZSBzZXJ2ZXIgMTI";

/**
 * How servers are shown as things stand; who uses which is found once for all of them. Who may
 * register one sees its callback as it was registered, to change it and send it back.
 */
function viewNow(parts: RouteParts, role: Role | "storage-server" = "operator") {
  const state = parts.state();
  const users = serverUsers(state);
  return (server: StorageServer) => {
    const acknowledged = parts.delivery.acknowledged(server.id);
    const holdbacks = whatHoldsStorageServer(state, server, { users, acknowledged });
    const shown = storageServerView(server, parts.distribution.delivery(server), holdbacks);
    return role === "viewer" ? shown : { ...shown, callbackUrl: server.callbackUrl };
  };
}

export function storageServerEndpoints(parts: RouteParts): Endpoint[] {
  const view = (server: StorageServer) => viewNow(parts)(server);
  return [
    endpoint({
      ...base,
      method: "PUT",
      url,
      role: "operator",
      tagged: true,
      summary: "Register or change a storage server",
      description:
        "Only a new server's answer has its `signingSecret` and `token`, this once. Fields left out " +
        "keep their value. Without a callback the server pulls. A changed callback starts a new " +
        "registration: what the server has is forgotten and a snapshot follows.",
      body: schemas.storageServerPut,
      bodyExample: { callbackUrl: example.callbackUrl, labels: example.labels },
      ifMatch: "optional",
      answers: {
        200: {
          description: "It stood: as it is now",
          schema: schemas.storageServer,
          example,
        },
        201: {
          description: "It is new",
          schema: schemas.storageServerCreated,
          example: { ...example, signingSecret: secretExample, token: tokenExample },
        },
      },
      problems: [422],
      handle: async ({ params, body, caller }) => {
        const { callbackUrl, labels } = body;
        const registration = { id: params.storageServerId, callbackUrl, labels };
        const committed = await putStorageServer(parts, caller, registration);
        const server = findStorageServer(committed.state, registration.id);
        return written(committed, server, { ...view(server), ...committed.answer.credentials });
      },
    }),
    endpoint({
      tag: "Topology",
      method: "GET",
      url: "/v1/storage-servers",
      role: "viewer",
      summary: "List the storage servers",
      description: "In id order, each with the state of its delivery.",
      query: pageQuery,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.storageServer),
          example: { items: [example] },
        },
      },
      handle: ({ query, role }) => ({
        status: 200,
        body: pageOfMap(parts.state().storageServers, query, viewNow(parts, role)),
      }),
    }),
    endpoint({
      ...base,
      method: "GET",
      url,
      role: "viewer",
      tagged: true,
      summary: "Read a storage server",
      description: "With what it has acknowledged, how far it is behind, and why.",
      answers: {
        200: { description: "The server", schema: schemas.storageServer, example },
      },
      problems: [404],
      handle: ({ params, role }) => {
        const server = findStorageServer(parts.state(), params.storageServerId);
        return read(parts.state(), server, viewNow(parts, role)(server));
      },
    }),
    endpoint({
      ...base,
      method: "PATCH",
      url,
      role: "operator",
      tagged: true,
      summary: "Change a storage server",
      description: "`state: draining` counts for all its processes. `null` clears a field.",
      body: schemas.storageServerPatch,
      bodyExample: { state: "draining" },
      ifMatch: "optional",
      answers: {
        200: {
          description: "The server as it is now",
          schema: schemas.storageServer,
          example: { ...example, state: "draining" },
        },
      },
      problems: [404, 422],
      handle: async ({ params, body, caller }) => {
        const id = params.storageServerId;
        const committed = await patchStorageServer(parts, caller, { id, ...body });
        const server = findStorageServer(committed.state, id);
        return written(committed, server, view(server));
      },
    }),
    endpoint({
      ...base,
      method: "DELETE",
      url,
      role: "operator",
      summary: "Delete a storage server",
      description:
        "Refused while processes are registered on it or links are bound to it, and while it may " +
        "still serve addresses that it has lost.",
      ifMatch: "optional",
      answers: { 204: { description: "It is gone" } },
      problems: [404, 409],
      handle: async ({ params, caller }) =>
        deleted(await removeStorageServer(parts, caller, params.storageServerId)),
    }),
    ...rotations(parts),
    ...interventions(parts),
  ];
}

function rotations(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "POST",
      url: `${url}/rotate-secret`,
      role: "admin",
      summary: "Renew a storage server's signing secret",
      description: "For 24 hours pushes carry two signatures, of the new and of the old secret.",
      ifMatch: "optional",
      answers: {
        200: {
          description: "The new secret, shown once",
          schema: z.strictObject({ signingSecret: schemas.signingSecret }),
          example: { signingSecret: secretExample },
        },
      },
      problems: [404],
      handle: async ({ params, caller }) => {
        const { answer, state } = await rotateSecret(parts, caller, params.storageServerId);
        return { status: 200, body: answer, revision: state.revision };
      },
    }),
    endpoint({
      ...base,
      method: "POST",
      url: `${url}/rotate-token`,
      role: "admin",
      summary: "Renew a storage server's bearer token",
      description: "The old token is refused from then on.",
      ifMatch: "optional",
      answers: {
        200: {
          description: "The new token, shown once",
          schema: z.strictObject({ token: schemas.token }),
          example: { token: tokenExample },
        },
      },
      problems: [404],
      handle: async ({ params, caller }) => {
        const { answer, state } = await rotateToken(parts, caller, params.storageServerId);
        return { status: 200, body: answer, revision: state.revision };
      },
    }),
  ];
}

/** What an operator can do about a server that does not follow. */
function interventions(parts: RouteParts): Endpoint[] {
  const view = (server: StorageServer) => viewNow(parts)(server);
  return [
    endpoint({
      ...base,
      tag: "Distribution",
      method: "POST",
      url: `${url}/retry`,
      role: "operator",
      summary: "Try to deliver now",
      description:
        "Ends the wait for the next attempt, and sends a `parked` server the refused revision again.",
      answers: { 200: { description: "The server", schema: schemas.storageServer, example } },
      problems: [404, 409],
      handle: async ({ params: { storageServerId: id } }) => {
        await retry(parts, id);
        return { status: 200, body: view(findStorageServer(parts.state(), id)) };
      },
    }),
    endpoint({
      ...base,
      tag: "Distribution",
      method: "POST",
      url: `${url}/fence`,
      role: "admin",
      tagged: true,
      summary: "Say that a storage server is cut off",
      description:
        "To be called only after it really has been: it can reach no host and serve no address, and " +
        "comes back without its state file. What it had acknowledged is forgotten, and it holds " +
        "nobody back until it is heard of again.",
      ifMatch: "optional",
      answers: {
        200: {
          description: "The server",
          schema: schemas.storageServer,
          example: { ...example, fenced: true },
        },
      },
      problems: [404],
      handle: async ({ params, caller }) => {
        const committed = await fence(parts, caller, params.storageServerId);
        const server = findStorageServer(committed.state, params.storageServerId);
        return written(committed, server, view(server));
      },
    }),
  ];
}
