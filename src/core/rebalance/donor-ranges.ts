import type { Quota } from "./quota.ts";
import type { RangeBoard } from "./range-board.ts";

/** What donors that have still something to give have left, the longest segments first. */
export class DonorRanges {
  readonly #segments = new Map<number, number[]>();
  /** The donors, in process id order. */
  readonly indexes: readonly number[];

  constructor(board: RangeBoard, quota: Quota) {
    const mayGive = (segment: number) => quota.surplusOf(board.owner[segment]!) > 0;
    for (const segment of board.longestFirst(mayGive)) {
      const owner = board.owner[segment]!;
      const segments = this.#segments.get(owner);
      if (segments) segments.push(segment);
      else this.#segments.set(owner, [segment]);
    }
    this.indexes = [...this.#segments.keys()].sort((a, b) => a - b);
  }

  of(donor: number): readonly number[] {
    return this.#segments.get(donor)!;
  }
}
