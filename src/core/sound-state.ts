import { checkState } from "./check.ts";
import type { ClusterState } from "./cluster-state.ts";
import { restoreState, type StateRecords } from "./stored-state.ts";

/** The state that the records describe, if it keeps every invariant; else what is wrong with it. */
export function soundStateOf(
  records: StateRecords,
): { readonly state: ClusterState } | { readonly broken: string } {
  let state: ClusterState;
  try {
    state = restoreState(records);
  } catch (error) {
    return { broken: (error as Error).message };
  }
  const [first, ...more] = checkState(state);
  if (first === undefined) return { state };
  return { broken: more.length > 0 ? `${first} (and ${more.length} more)` : first };
}
