/** The ranges of a volume while they are planned: owners are named by process index. */
import type { AddressMap } from "../address-map.ts";
import { invariant } from "../errors.ts";
import { type LoadModel, NOBODY } from "../load-model.ts";
import type { CNodeId } from "../model.ts";
import { type RangeColumns, rangesBetween } from "../ranges.ts";

export function processRanges(model: LoadModel, map: AddressMap): RangeColumns {
  const { firstLba, lastLba, owner } = map.columns();
  const indexes = model.indexesOfOwners(map);
  for (let i = 0; i < owner.length; i++) {
    const index = indexes[owner[i]!]!;
    if (index === NOBODY) invariant(false, "whoever owns addresses has a process");
    owner[i] = index;
  }
  return { firstLba, lastLba, owner, owners: model.cNodeIds };
}

/** Gathers at most `capacity` ranges in address order; neighbours with one owner become one. */
export class ProcessRangesBuilder {
  readonly #columns: RangeColumns;
  #count = 0;

  constructor(capacity: number, owners: readonly CNodeId[]) {
    this.#columns = {
      firstLba: new Float64Array(capacity),
      lastLba: new Float64Array(capacity),
      owner: new Uint32Array(capacity),
      owners,
    };
  }

  add(firstLba: number, lastLba: number, process: number): void {
    const columns = this.#columns;
    if (this.#count === 0 || columns.owner[this.#count - 1] !== process) {
      columns.firstLba[this.#count] = firstLba;
      columns.owner[this.#count++] = process;
    }
    columns.lastLba[this.#count - 1] = lastLba;
  }

  build(): RangeColumns {
    return rangesBetween(this.#columns, 0, this.#count);
  }
}
