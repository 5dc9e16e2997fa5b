/** What the routes of storage servers have in common. */
import { z } from "zod";
import { serverUsers, whatHoldsStorageServer } from "../../core/decisions/holdbacks.ts";
import type { StorageServer } from "../../core/model.ts";
import type { Role } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { storageServerId } from "../schemas/common.ts";
import { storageServerView } from "../views.ts";

export const ONE_SERVER = "/v1/storage-servers/:storageServerId";
export const oneServer = z.strictObject({ storageServerId });

/**
 * How servers are shown as things stand; who uses which is found once for all of them. Who may
 * register one sees its callback as it was registered, to change it and send it back.
 */
export function viewNow(parts: RouteParts, role: Role | "storage-server" = "operator") {
  const state = parts.state();
  const users = serverUsers(state);
  return (server: StorageServer) => {
    const acknowledged = parts.delivery.acknowledged(server.id);
    const holdbacks = whatHoldsStorageServer(state, server, { users, acknowledged });
    const shown = storageServerView(server, parts.distribution.delivery(server), holdbacks);
    return role === "viewer" ? shown : { ...shown, callbackUrl: server.callbackUrl };
  };
}
