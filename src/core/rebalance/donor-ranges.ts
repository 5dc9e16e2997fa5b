import { indexesOf } from "./order.ts";
import type { Quota } from "./quota.ts";
import type { RangeBoard } from "./range-board.ts";

/** What donors that have still something to give have left, the longest segments first. */
export class DonorRanges {
  /** The segments of one donor after another; where those of each process end. */
  readonly #segments: Int32Array;
  readonly #ends: Int32Array;
  /** The donors, in process id order. */
  readonly indexes: Int32Array;

  constructor(board: RangeBoard, quota: Quota) {
    const { owner, processCount } = board;
    const sorted = board.longestFirst((segment) => quota.surplusOf(owner[segment]!) > 0);
    const counts = new Int32Array(processCount);
    for (const segment of sorted) counts[owner[segment]!]!++;
    this.indexes = indexesOf(processCount, (index) => counts[index]! > 0);
    // For now where they begin: it goes on with each segment.
    this.#ends = counts;
    for (let index = 0, begin = 0; index < processCount; index++) {
      begin += counts[index]!;
      this.#ends[index] = begin - counts[index]!;
    }
    this.#segments = new Int32Array(sorted.length);
    for (const segment of sorted) this.#segments[this.#ends[owner[segment]!]!++] = segment;
  }

  of(donor: number): Int32Array {
    return this.#segments.subarray(donor === 0 ? 0 : this.#ends[donor - 1]!, this.#ends[donor]!);
  }
}
