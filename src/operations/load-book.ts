/** The last measured load of each process: kept in memory for reads, in the store for later. */
import type { ProcessId } from "../core/model.ts";
import type { MeasuredLoad, Store } from "../store/store.ts";

export class LoadBook {
  readonly #store: Pick<Store, "recordLoads">;
  readonly #loads: Map<ProcessId, MeasuredLoad>;

  constructor(store: Pick<Store, "recordLoads">, loads: readonly MeasuredLoad[]) {
    this.#store = store;
    this.#loads = new Map(loads.map((load) => [load.processId, load]));
  }

  async record(loads: readonly MeasuredLoad[]): Promise<void> {
    await this.#store.recordLoads(loads);
    for (const load of loads) this.#loads.set(load.processId, load);
  }

  get(processId: ProcessId): MeasuredLoad | undefined {
    return this.#loads.get(processId);
  }
}
