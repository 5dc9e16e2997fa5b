/** The last measured load of each process: kept in memory for reads, in the store for later. */
import type { ProcessId } from "../core/model.ts";
import type { MeasuredLoad, Store } from "../store/store.ts";

export class LoadBook {
  readonly #store: Pick<Store, "recordLoads" | "loads">;
  readonly #loads: Map<ProcessId, MeasuredLoad>;

  constructor(store: Pick<Store, "recordLoads" | "loads">, loads: readonly MeasuredLoad[]) {
    this.#store = store;
    this.#loads = new Map(loads.map((load) => [load.processId, load]));
  }

  async record(loads: readonly MeasuredLoad[]): Promise<void> {
    await this.#store.recordLoads(loads);
    this.#take(loads);
  }

  /** Takes in what other processes have recorded. */
  async refresh(): Promise<void> {
    this.#take(await this.#store.loads());
  }

  get(processId: ProcessId): MeasuredLoad | undefined {
    return this.#loads.get(processId);
  }

  #take(loads: readonly MeasuredLoad[]): void {
    for (const load of loads) {
      const known = this.#loads.get(load.processId);
      if (!known || known.at <= load.at) this.#loads.set(load.processId, load);
    }
  }
}
