import type { ClusterState } from "../core/cluster-state.ts";
import { type Convergence, convergenceOf } from "../core/convergence.ts";
import { StoreError } from "../store/store-error.ts";
import type { OperationParts } from "./parts.ts";

/** So many of the newest revisions are looked at: a bound on the read, and an end to old times. */
const REVISIONS_MAX = 1_000;

/**
 * How long the last revisions took to reach every storage server, as the store has it; nothing
 * while that is out of reach.
 */
export async function readConvergence(
  { store }: Pick<OperationParts, "store">,
  { storageServers }: ClusterState,
): Promise<Convergence | undefined> {
  try {
    const revisions = await store.revisions({ limit: REVISIONS_MAX });
    return convergenceOf(revisions, storageServers.size);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
