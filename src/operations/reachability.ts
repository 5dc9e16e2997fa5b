/** Moves from or to a server that cannot be reached leave addresses without one to serve them. */
import { type ClusterState, effectiveState, processOfCNode } from "../core/cluster-state.ts";
import { Refusal } from "../core/errors.ts";
import type { CNodeId, StorageServerId } from "../core/model.ts";

/**
 * Refuses with `servers-unreachable`. Losers on draining processes are exempt: evacuating a dead
 * server is what draining is for.
 */
export function refuseUnreachable(
  state: ClusterState,
  { losers, gainers }: { losers: Iterable<CNodeId>; gainers: Iterable<CNodeId> },
  unreachable: ReadonlySet<StorageServerId>,
): void {
  if (unreachable.size === 0) return;
  const concerned = new Set<StorageServerId>();
  for (const cNodeId of losers) {
    const loser = processOfCNode(state, cNodeId);
    if (loser && effectiveState(state, loser) === "active") concerned.add(loser.storageServerId);
  }
  for (const cNodeId of gainers) {
    const gainer = processOfCNode(state, cNodeId);
    if (gainer) concerned.add(gainer.storageServerId);
  }
  const missing = [...concerned].filter((id) => unreachable.has(id)).sort();
  if (missing.length === 0) return;
  throw new Refusal("servers-unreachable", {
    detail: `the plan concerns storage servers that cannot be reached: ${missing.join(", ")}`,
    correction: "Wait until they are back, drain them, or send allowUnreachable: true",
  });
}
