/**
 * What a process or a storage server would be refused its deletion for. It is told beforehand, all
 * of it, by the same look at the state that decides; the deletion is refused for the first.
 */
import { type ClusterState, holdingsOf, linkOf } from "../cluster-state.ts";
import type { Position } from "../delivery-record.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type { Process, StorageServer, StorageServerId } from "../model.ts";
import { isCutOff } from "../settled.ts";

const USERS_NAMED_MAX = 5;

export interface Holdback {
  readonly code: RefusalCode;
  readonly detail: string;
  readonly correction: string;
}

export function refuseHeldBack([first]: readonly Holdback[]): void {
  if (first) throw new Refusal(first.code, first);
}

/** Addresses come before links: they take longer. */
export function whatHoldsProcess(state: ClusterState, process: Process): Holdback[] {
  const { id, cNodeId, rNodeId } = process;
  const holdbacks: Holdback[] = [];
  const { addressCount } = holdingsOf(state, cNodeId);
  if (addressCount > 0) {
    holdbacks.push({
      code: "process-owns-addresses",
      detail: `C-node ${cNodeId} of process ${id} still owns ${addressCount} addresses`,
      correction:
        "Set the process to draining and rebalance with strategy equalize, then delete it",
    });
  }
  const linkId = linkOf(state, process);
  if (linkId !== undefined) {
    holdbacks.push({
      code: "process-holds-link",
      detail: `R-node ${rNodeId} of process ${id} still holds link ${linkId}`,
      correction: `Release it with DELETE /v1/link-assignments/${linkId}, then delete the process`,
    });
  }
  return holdbacks;
}

/** The records that name each server, in words: found once for many servers. */
export type ServerUsers = ReadonlyMap<StorageServerId, readonly string[]>;

export function serverUsers({ processes, links }: ClusterState): ServerUsers {
  const users = new Map<StorageServerId, string[]>();
  const add = (serverId: StorageServerId | undefined, user: string) => {
    if (serverId === undefined) return;
    const known = users.get(serverId);
    if (known) known.push(user);
    else users.set(serverId, [user]);
  };
  for (const { id, storageServerId } of processes.values()) add(storageServerId, `process ${id}`);
  for (const { id, storageServerId } of links.values()) add(storageServerId, `link ${id}`);
  return users;
}

export interface ServerStanding {
  readonly users: ServerUsers;
  /** What the server has durably, in whichever generation. */
  readonly acknowledged: Position | undefined;
}

/** Somebody uses the server, or it may still serve what it has lost. */
export function whatHoldsStorageServer(
  state: ClusterState,
  server: StorageServer,
  { users, acknowledged }: ServerStanding,
): Holdback[] {
  const { id } = server;
  const holdbacks: Holdback[] = [];
  const using = users.get(id) ?? [];
  if (using.length > 0) {
    const named = using.slice(0, USERS_NAMED_MAX).join(", ");
    holdbacks.push({
      code: "storage-server-in-use",
      detail: `storage server ${id} is used by ${using.length} records: ${named}`,
      correction: "Delete its processes and unbind its links first",
    });
  }
  const lost = state.lostRevisions.get(id);
  const settled =
    lost === undefined || hasRevision(state, acknowledged, lost) || isCutOff(server, acknowledged);
  if (!settled) {
    holdbacks.push({
      code: "storage-server-unsettled",
      detail: `storage server ${id} lost addresses in revision ${lost} and has not acknowledged that: it may still serve them`,
      correction: `Wait until it has, or cut it off and say so with POST /v1/storage-servers/${id}/fence`,
    });
  }
  return holdbacks;
}

function hasRevision(
  { generation }: ClusterState,
  acknowledged: Position | undefined,
  revision: number,
): boolean {
  return acknowledged?.generation === generation && acknowledged.revision >= revision;
}
