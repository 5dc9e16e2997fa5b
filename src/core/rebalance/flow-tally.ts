/** How `pairwise` and `proportional` come to their amounts, added up over the volumes. */
import type { Flows } from "./flows.ts";
import { addTo } from "./sums.ts";
import type { ProcessFlow } from "./types.ts";

/** What is given in one volume: as it would be, and as far as the budget reaches. */
interface Given {
  readonly exact: Float64Array;
  readonly full: Flows;
  readonly cut: Flows;
}

/** Sums in addresses, by process index; what is given counts negative. */
export class FlowTally {
  readonly #parts: Uint32Array;
  readonly #exact: Float64Array;
  readonly #full: Float64Array;
  readonly #cut: Float64Array;

  constructor(processCount: number) {
    this.#parts = new Uint32Array(processCount);
    this.#exact = new Float64Array(processCount);
    this.#full = new Float64Array(processCount);
    this.#cut = new Float64Array(processCount);
  }

  add({ exact, full, cut }: Given): void {
    addTo(this.#parts, full.parts);
    addTo(this.#exact, exact);
    addTo(this.#full, full.changes);
    addTo(this.#cut, cut.changes);
  }

  flows(): ProcessFlow[] {
    return Array.from(this.#parts, (parts, i) => {
      const [exact, full, cut] = [this.#exact[i]!, this.#full[i]!, this.#cut[i]!];
      return { flow: { parts, exact, rounding: full - exact, budget: cut - full } };
    });
  }
}
