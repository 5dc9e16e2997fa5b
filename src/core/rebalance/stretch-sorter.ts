/**
 * Sorting a stretch: the addresses of some neighbouring ranges are dealt out anew, so that in
 * there each owner has one range, as long as all of its were before. Owners come in the order of
 * their centres of mass, to the block, so that much stays where it is. Nobody's size changes.
 */
import { type RangeColumns, rangeCount } from "../ranges.ts";
import { sortByKey } from "./order.ts";
import { ProcessRangesBuilder } from "./process-ranges.ts";

/** Ranges `from` … `to` − 1. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What sorting a stretch brings and costs. */
export interface Sorting {
  /** Ranges that there are fewer. */
  readonly removed: number;
  /** Addresses that get another owner. */
  readonly moved: number;
}

const NOTHING: Sorting = { removed: 0, moved: 0 };

/** What sorting needs by process: one for all sorters of a plan, of which there are thousands. */
export class SortingSpace {
  /** For the stretch that was looked at last: */
  readonly stretch: Int32Array;
  readonly size: Float64Array;
  readonly centre: Float64Array;
  readonly place: Float64Array;
  /** Its owners, as many as there are, in the order in which they come. */
  readonly owners: Int32Array;
  #stretches = 0;

  constructor(processCount: number) {
    this.stretch = new Int32Array(processCount);
    this.size = new Float64Array(processCount);
    this.centre = new Float64Array(processCount);
    this.place = new Float64Array(processCount);
    this.owners = new Int32Array(processCount);
  }

  /** The number of the stretch that is looked at next. */
  next(): number {
    return ++this.#stretches;
  }
}

interface SorterParts {
  /** One who may not receive keeps exactly what it has. */
  readonly mayReceive: (process: number) => boolean;
  readonly space: SortingSpace;
}

export class StretchSorter {
  readonly count: number;
  readonly #ranges: RangeColumns;
  readonly #mayReceive: (process: number) => boolean;
  readonly #space: SortingSpace;

  /** Owners are processes by index. */
  constructor(ranges: RangeColumns, { mayReceive, space }: SorterParts) {
    this.count = rangeCount(ranges);
    this.#ranges = ranges;
    this.#mayReceive = mayReceive;
    this.#space = space;
  }

  /** Of ranges `from` … `to` − 1. */
  measure(from: number, to: number): Sorting {
    const owners = this.#ownersIn(from, to);
    if (!owners || owners.length === to - from) return NOTHING;
    this.#sort(owners);
    const { firstLba, lastLba, owner } = this.#ranges;
    const { size } = this.#space;
    let start = firstLba[from]!;
    let moved = lastLba[to - 1]! + 1 - start;
    // What lies where it will be, going through the ranges and through their owners side by side.
    let range = from;
    for (const each of owners) {
      const end = start + size[each]!;
      for (let rangeEnd = 0; rangeEnd < end; range++) {
        rangeEnd = lastLba[range]! + 1;
        if (owner[range] === each) {
          moved -= Math.min(end, rangeEnd) - Math.max(start, firstLba[range]!);
        }
        if (rangeEnd > end) break;
      }
      start = end;
    }
    return { removed: to - from - owners.length, moved };
  }

  /** All ranges once some stretches are sorted: disjoint ones, in address order. */
  sorted(stretches: readonly Stretch[]): RangeColumns {
    const { firstLba, lastLba, owner, owners } = this.#ranges;
    const { size } = this.#space;
    const ranges = new ProcessRangesBuilder(this.count, owners);
    const keep = (from: number, to: number) => {
      for (let i = from; i < to; i++) ranges.add(firstLba[i]!, lastLba[i]!, owner[i]!);
    };
    let next = 0;
    for (const { from, to } of stretches) {
      keep(next, from);
      const ordered = this.#ownersIn(from, to)!;
      this.#sort(ordered);
      let start = firstLba[from]!;
      for (const each of ordered) {
        const end = start + size[each]!;
        ranges.add(start, end - 1, each);
        start = end;
      }
      next = to;
    }
    keep(next, this.count);
    return ranges.build();
  }

  /** In the order in which they come; nothing where one of them may not receive. */
  #ownersIn(from: number, to: number): Int32Array | undefined {
    const { firstLba, lastLba, owner } = this.#ranges;
    const { stretch, size, centre, owners } = this.#space;
    const number = this.#space.next();
    const origin = firstLba[from]!;
    let count = 0;
    for (let i = from; i < to; i++) {
      const o = owner[i]!;
      if (stretch[o] !== number) {
        if (!this.#mayReceive(o)) return undefined;
        stretch[o] = number;
        size[o] = 0;
        centre[o] = 0;
        owners[count++] = o;
      }
      const length = lastLba[i]! - firstLba[i]! + 1;
      const before = size[o]!;
      const middle = firstLba[i]! - origin + length / 2;
      size[o] = before + length;
      // A running mean: the sum of lengths times places could leave the exact numbers.
      centre[o] = centre[o]! + (middle - centre[o]!) * (length / (before + length));
    }
    return owners.subarray(0, count);
  }

  /** Puts owners into their order. */
  #sort(owners: Int32Array): void {
    const { centre, place } = this.#space;
    for (const owner of owners) place[owner] = Math.floor(centre[owner]!);
    sortByKey(owners, place);
  }
}
