import type { ClusterState } from "./core/cluster-state.ts";
import { soundStateOf } from "./core/sound-state.ts";
import { StartError } from "./start-error.ts";
import type { Store } from "./store/store.ts";
import { StoreError } from "./store/store-error.ts";

/** The state as stored, if it is sound: nothing is served from a table with a hole in it. */
export async function loadState(store: Store): Promise<ClusterState> {
  try {
    const found = soundStateOf(await store.load());
    if ("state" in found) return found.state;
    throw new StartError(`the store is damaged: ${found.broken}; restore a backup`);
  } catch (error) {
    await store.close();
    if (error instanceof StartError || error instanceof StoreError) throw error;
    throw new StartError(`the store is damaged: ${(error as Error).message}; restore a backup`);
  }
}
