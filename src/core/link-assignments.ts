/** The assignment table (FIG. 6): spreading free links over the R-nodes that have none. */
import { activeProcesses, type ClusterState, linkOf, processOfRNode } from "./cluster-state.ts";
import type { Link, LinkId, RNodeId, StorageServerId } from "./model.ts";

export interface Assignment {
  readonly linkId: LinkId;
  readonly rNodeId: RNodeId;
}

/**
 * Gives the free links that are up to R-nodes of active processes that hold none: as many as can
 * be, then as evenly over the storage servers as can be. Links bound to a server come first, since
 * they have nowhere else to go; then each link goes to the server that holds the fewest (ties by
 * id). Links, servers and processes are taken in id order.
 */
export function spreadLinks(state: ClusterState): Assignment[] {
  const free = freeRNodes(state);
  const held = heldPerServer(state);
  const given: Assignment[] = [];
  const give = (link: Link, serverId: StorageServerId | undefined) => {
    const rNodeId = serverId === undefined ? undefined : free.get(serverId)?.shift();
    if (serverId === undefined || rNodeId === undefined) return;
    held.set(serverId, (held.get(serverId) ?? 0) + 1);
    given.push({ linkId: link.id, rNodeId });
  };
  const links = [...state.links.values()].filter(
    (link) => link.state === "up" && !state.linkAssignments.has(link.id),
  );
  for (const link of links)
    if (link.storageServerId !== undefined) give(link, link.storageServerId);
  for (const link of links)
    if (link.storageServerId === undefined) give(link, roomiest(free, held));
  return given.sort((a, b) => (a.linkId < b.linkId ? -1 : 1));
}

/** R-nodes that may take a link, by server, both in id order. */
function freeRNodes(state: ClusterState): Map<StorageServerId, RNodeId[]> {
  const free = new Map<StorageServerId, RNodeId[]>();
  for (const id of state.storageServers.keys()) free.set(id, []);
  for (const process of activeProcesses(state)) {
    if (linkOf(state, process) === undefined) {
      free.get(process.storageServerId)?.push(process.rNodeId);
    }
  }
  return free;
}

function heldPerServer(state: ClusterState): Map<StorageServerId, number> {
  const held = new Map<StorageServerId, number>();
  for (const { rNodeId } of state.linkAssignments.values()) {
    const serverId = processOfRNode(state, rNodeId)?.storageServerId;
    if (serverId !== undefined) held.set(serverId, (held.get(serverId) ?? 0) + 1);
  }
  return held;
}

/** The server with a free R-node that holds the fewest links. */
function roomiest(
  free: ReadonlyMap<StorageServerId, readonly RNodeId[]>,
  held: ReadonlyMap<StorageServerId, number>,
): StorageServerId | undefined {
  let best: StorageServerId | undefined;
  for (const [serverId, rNodes] of free) {
    if (rNodes.length === 0) continue;
    if (best === undefined || (held.get(serverId) ?? 0) < (held.get(best) ?? 0)) best = serverId;
  }
  return best;
}
