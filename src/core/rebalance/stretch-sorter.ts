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

export class StretchSorter {
  readonly count: number;
  readonly #ranges: RangeColumns;
  readonly #mayReceive: (owner: number) => boolean;
  /** By owner, for the stretch that was looked at last: */
  readonly #stretch: Int32Array;
  readonly #size: Float64Array;
  readonly #centre: Float64Array;
  readonly #place: Float64Array;
  /** Its owners, as many as there are, in the order in which they come. */
  readonly #owners: Int32Array;
  #stretches = 0;

  /** Owners are processes by index; one who may not receive keeps exactly what it has. */
  constructor(ranges: RangeColumns, mayReceive: (owner: number) => boolean) {
    this.count = rangeCount(ranges);
    this.#ranges = ranges;
    this.#mayReceive = mayReceive;
    this.#stretch = new Int32Array(ranges.owners.length);
    this.#size = new Float64Array(ranges.owners.length);
    this.#centre = new Float64Array(ranges.owners.length);
    this.#place = new Float64Array(ranges.owners.length);
    this.#owners = new Int32Array(ranges.owners.length);
  }

  /** Of ranges `from` … `to` − 1. */
  measure(from: number, to: number): Sorting {
    const owners = this.#ownersIn(from, to);
    if (!owners || owners.length === to - from) return NOTHING;
    this.#sort(owners);
    const { firstLba, lastLba, owner } = this.#ranges;
    let start = firstLba[from]!;
    let moved = lastLba[to - 1]! + 1 - start;
    // What lies where it will be, going through the ranges and through their owners side by side.
    let range = from;
    for (const each of owners) {
      const end = start + this.#size[each]!;
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
        const end = start + this.#size[each]!;
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
    const stretch = ++this.#stretches;
    const origin = firstLba[from]!;
    let count = 0;
    for (let i = from; i < to; i++) {
      const o = owner[i]!;
      if (this.#stretch[o] !== stretch) {
        if (!this.#mayReceive(o)) return undefined;
        this.#stretch[o] = stretch;
        this.#size[o] = 0;
        this.#centre[o] = 0;
        this.#owners[count++] = o;
      }
      const length = lastLba[i]! - firstLba[i]! + 1;
      const before = this.#size[o]!;
      const middle = firstLba[i]! - origin + length / 2;
      this.#size[o] = before + length;
      // A running mean: the sum of lengths times places could leave the exact numbers.
      this.#centre[o] =
        this.#centre[o]! + (middle - this.#centre[o]!) * (length / (before + length));
    }
    return this.#owners.subarray(0, count);
  }

  /** Puts owners into their order. */
  #sort(owners: Int32Array): void {
    for (const owner of owners) this.#place[owner] = Math.floor(this.#centre[owner]!);
    sortByKey(owners, this.#place);
  }
}
