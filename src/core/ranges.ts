/**
 * Many owned ranges in columns: 20 bytes a range, cheap to hand to another thread. Addresses
 * go up to 2^53 − 1, which a Float64Array holds exactly.
 */
import type { CNodeId, OwnedRange } from "./model.ts";

export interface RangeColumns {
  readonly firstLba: Float64Array;
  readonly lastLba: Float64Array;
  /** Index into `owners`. */
  readonly owner: Uint32Array;
  readonly owners: readonly CNodeId[];
}

export function rangeCount(columns: RangeColumns): number {
  return columns.firstLba.length;
}

export function* rangesOf(columns: RangeColumns): IterableIterator<OwnedRange> {
  for (let i = 0; i < columns.firstLba.length; i++) {
    yield {
      firstLba: columns.firstLba[i]!,
      lastLba: columns.lastLba[i]!,
      cNodeId: columns.owners[columns.owner[i]!]!,
    };
  }
}

export function columnsOf(ranges: Iterable<OwnedRange>): RangeColumns {
  const builder = new RangeColumnsBuilder();
  for (const range of ranges) builder.add(range);
  return builder.build();
}

/** Gathers ranges whose number isn't known beforehand. */
export class RangeColumnsBuilder {
  readonly #firstLba: number[] = [];
  readonly #lastLba: number[] = [];
  readonly #owner: number[] = [];
  readonly #owners: CNodeId[] = [];
  readonly #indexOf = new Map<CNodeId, number>();

  add({ firstLba, lastLba, cNodeId }: OwnedRange): void {
    let owner = this.#indexOf.get(cNodeId);
    if (owner === undefined) {
      owner = this.#owners.push(cNodeId) - 1;
      this.#indexOf.set(cNodeId, owner);
    }
    this.#firstLba.push(firstLba);
    this.#lastLba.push(lastLba);
    this.#owner.push(owner);
  }

  build(): RangeColumns {
    return {
      firstLba: Float64Array.from(this.#firstLba),
      lastLba: Float64Array.from(this.#lastLba),
      owner: Uint32Array.from(this.#owner),
      owners: this.#owners,
    };
  }
}
