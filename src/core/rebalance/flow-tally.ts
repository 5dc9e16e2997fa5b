/** How `pairwise` and `proportional` come to their amounts, added up over the volumes. */
import type { Flows } from "./flows.ts";
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
    for (const [index, amount] of exact.entries())
      this.#exact[index] = this.#exact[index]! + amount;
    for (const donor of full.donors()) {
      const { receivers } = full.of(donor);
      this.#parts[donor] = this.#parts[donor]! + receivers.length;
      for (const receiver of receivers) this.#parts[receiver] = this.#parts[receiver]! + 1;
    }
    addChanges(this.#full, full);
    addChanges(this.#cut, cut);
  }

  flows(): ProcessFlow[] {
    return Array.from(this.#parts, (parts, i) => {
      const [exact, full, cut] = [this.#exact[i]!, this.#full[i]!, this.#cut[i]!];
      return { flow: { parts, exact, rounding: full - exact, budget: cut - full } };
    });
  }
}

/** What each process gains or, negative, loses, by process index. */
export function changesBy(flows: Flows, processCount: number): Float64Array {
  const changes = new Float64Array(processCount);
  addChanges(changes, flows);
  return changes;
}

function addChanges(changes: Float64Array, flows: Flows): void {
  for (const donor of flows.donors()) {
    const { receivers, amounts } = flows.of(donor);
    for (let i = 0; i < amounts.length; i++) {
      changes[donor] = changes[donor]! - amounts[i]!;
      changes[receivers[i]!] = changes[receivers[i]!]! + amounts[i]!;
    }
  }
}
