import type { ClusterState } from "../cluster-state.ts";
import { SortedMap } from "../sorted-map.ts";

/**
 * A new generation of the same tables: every server is sent a snapshot, whatever it has. Nobody
 * knows what servers were told before, so at its first revision every one counts as having lost
 * addresses. `now`, in milliseconds since 1970, makes two restores of one backup differ;
 * `otherGeneration` is that of another copy of the cluster, which is to be left behind too.
 */
export function startGeneration(
  state: ClusterState,
  now: number,
  otherGeneration = 0,
): ClusterState {
  const lost = state.distributedRevision;
  return {
    ...state,
    generation: Math.max(state.generation + 1, otherGeneration + 1, Math.floor(now / 1000)),
    lostRevisions: SortedMap.from([...state.storageServers.keys()].map((id) => [id, lost])),
  };
}
