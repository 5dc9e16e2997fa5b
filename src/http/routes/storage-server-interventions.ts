/** What an operator can do about a storage server that does not follow. */
import { findStorageServer } from "../../core/decisions/find.ts";
import type { StorageServer } from "../../core/model.ts";
import { fence, retry } from "../../operations/storage-servers.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { written } from "../reply.ts";
import * as schemas from "../schemas/storage-servers.ts";
import { storageServerExample as example } from "./examples.ts";
import { ONE_SERVER, oneServer, viewNow } from "./storage-server-parts.ts";

const base = { tag: "Distribution", params: oneServer } as const;

export function storageServerInterventionEndpoints(parts: RouteParts): Endpoint[] {
  const view = (server: StorageServer) => viewNow(parts)(server);
  return [
    endpoint({
      ...base,
      method: "POST",
      url: `${ONE_SERVER}/retry`,
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
      method: "POST",
      url: `${ONE_SERVER}/fence`,
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
