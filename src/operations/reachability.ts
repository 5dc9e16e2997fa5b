/** Moves from or to a server that cannot be reached leave addresses without one to serve them. */
import { type ClusterState, effectiveState, processOfCNode } from "../core/cluster-state.ts";
import { Refusal } from "../core/errors.ts";
import type { CNodeId, StorageServerId } from "../core/model.ts";

interface Ends {
  readonly losers: Iterable<CNodeId>;
  readonly gainers: Iterable<CNodeId>;
}

/** Refuses with `servers-unreachable` where `whyUnreachable` has a reason. */
export function refuseUnreachable(
  state: ClusterState,
  ends: Ends,
  unreachable: ReadonlySet<StorageServerId>,
): void {
  const detail = whyUnreachable(state, ends, unreachable);
  if (detail === undefined) return;
  throw new Refusal("servers-unreachable", {
    detail,
    correction: "Wait until they are back, drain them, or send allowUnreachable: true",
  });
}

/**
 * Which servers that moves concern cannot be reached, in a sentence. Losers on draining processes
 * are exempt: evacuating a dead server is what draining is for.
 */
export function whyUnreachable(
  state: ClusterState,
  { losers, gainers }: Ends,
  unreachable: ReadonlySet<StorageServerId>,
): string | undefined {
  if (unreachable.size === 0) return undefined;
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
  if (missing.length === 0) return undefined;
  return `the plan concerns storage servers that cannot be reached: ${missing.join(", ")}`;
}
