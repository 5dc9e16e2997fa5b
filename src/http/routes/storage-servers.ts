import { findStorageServer } from "../../core/decisions/find.ts";
import type { StorageServer } from "../../core/model.ts";
import {
  patchStorageServer,
  putStorageServer,
  removeStorageServer,
} from "../../operations/storage-servers.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfMap } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, read, written } from "../reply.ts";
import { pageOf, pageQuery } from "../schemas/common.ts";
import * as schemas from "../schemas/storage-servers.ts";
import { storageServerExample as example, signingSecretExample, tokenExample } from "./examples.ts";
import { ONE_SERVER, oneServer, viewNow } from "./storage-server-parts.ts";

const base = { tag: "Topology", params: oneServer } as const;

export function storageServerEndpoints(parts: RouteParts): Endpoint[] {
  const view = (server: StorageServer) => viewNow(parts)(server);
  return [
    endpoint({
      ...base,
      method: "PUT",
      url: ONE_SERVER,
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
          example: { ...example, signingSecret: signingSecretExample, token: tokenExample },
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
      url: ONE_SERVER,
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
      url: ONE_SERVER,
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
      url: ONE_SERVER,
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
  ];
}
