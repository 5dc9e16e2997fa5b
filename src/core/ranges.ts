/**
 * Many owned ranges in columns: 20 bytes a range, cheap to hand to another thread. Addresses
 * go up to 2^53 − 1, which a Float64Array holds exactly.
 */
import { doubled } from "./doubled.ts";
import type { CNodeId, OwnedRange } from "./model.ts";
import { Numbering } from "./numbering.ts";

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

export function rangeAt(columns: RangeColumns, index: number): OwnedRange {
  return {
    firstLba: columns.firstLba[index]!,
    lastLba: columns.lastLba[index]!,
    cNodeId: columns.owners[columns.owner[index]!]!,
  };
}

export function* rangesOf(columns: RangeColumns): IterableIterator<OwnedRange> {
  for (let i = 0; i < rangeCount(columns); i++) yield rangeAt(columns, i);
}

/** What to hand over with the columns, which are empty afterwards, to another thread. */
export function columnBuffers({ firstLba, lastLba, owner }: RangeColumns): ArrayBuffer[] {
  return [firstLba, lastLba, owner].map((column) => column.buffer as ArrayBuffer);
}

export function columnsOf(ranges: Iterable<OwnedRange>): RangeColumns {
  const builder = new RangeColumnsBuilder();
  for (const range of ranges) builder.add(range);
  return builder.build();
}

/** Those from one index on to before another, or to the end: on the same buffers. */
export function rangesBetween(columns: RangeColumns, from: number, to: number): RangeColumns {
  return {
    firstLba: columns.firstLba.subarray(from, to),
    lastLba: columns.lastLba.subarray(from, to),
    owner: columns.owner.subarray(from, to),
    owners: columns.owners,
  };
}

/** The ranges at some places, in the order of these. */
export function rangesInOrder(columns: RangeColumns, places: Uint32Array): RangeColumns {
  const lbasAt = (lbas: Float64Array) => Float64Array.from(places, (place) => lbas[place]!);
  return {
    firstLba: lbasAt(columns.firstLba),
    lastLba: lbasAt(columns.lastLba),
    owner: places.map((place) => columns.owner[place]!),
    owners: columns.owners,
  };
}

const CAPACITY_MIN = 16;

/** Gathers ranges whose number isn't known beforehand; owners are numbered already. */
export class NumberedRangesBuilder {
  readonly #owners: readonly CNodeId[];
  #count = 0;
  #firstLba = new Float64Array(CAPACITY_MIN);
  #lastLba = new Float64Array(CAPACITY_MIN);
  #owner = new Uint32Array(CAPACITY_MIN);

  /** `owners`: by number; may still grow. */
  constructor(owners: readonly CNodeId[]) {
    this.#owners = owners;
  }

  add(firstLba: number, lastLba: number, owner: number): void {
    if (this.#count === this.#owner.length) this.#grow();
    this.#firstLba[this.#count] = firstLba;
    this.#lastLba[this.#count] = lastLba;
    this.#owner[this.#count++] = owner;
  }

  build(): RangeColumns {
    return {
      firstLba: this.#firstLba.slice(0, this.#count),
      lastLba: this.#lastLba.slice(0, this.#count),
      owner: this.#owner.slice(0, this.#count),
      owners: this.#owners,
    };
  }

  #grow(): void {
    this.#firstLba = doubled(this.#firstLba);
    this.#lastLba = doubled(this.#lastLba);
    this.#owner = doubled(this.#owner);
  }
}

/** The same for owners by id. */
export class RangeColumnsBuilder {
  readonly #owners = new Numbering<CNodeId>();
  readonly #ranges = new NumberedRangesBuilder(this.#owners.values);

  add({ firstLba, lastLba, cNodeId }: OwnedRange): void {
    this.#ranges.add(firstLba, lastLba, this.#owners.numberOf(cNodeId));
  }

  build(): RangeColumns {
    return this.#ranges.build();
  }
}
