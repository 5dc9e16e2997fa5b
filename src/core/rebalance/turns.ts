/** Hands out an amount in turns. The last word among equals is only asked for where it counts. */
import type { TieOrder } from "./tie-order.ts";

export interface Turns {
  /** Below 0: `a` comes first; 0: they are equals. */
  readonly compare: (a: number, b: number) => number;
  /** The most for one. */
  readonly room: (index: number) => number;
  /** Puts equals in order. */
  readonly tie: TieOrder;
  readonly give: (index: number, step: number) => void;
}

/** One after the other is given up to its room, which each has, until the amount is used up. */
export function handOut(
  amount: number,
  candidates: Int32Array,
  { compare, room, tie, give }: Turns,
): void {
  let left = amount;
  // As an array, since one of numbers sorts what is in order already, as most are, in no time.
  const sorted = Int32Array.from(Array.from(candidates).sort(compare));
  for (const equals of runsOf(sorted, compare)) {
    if (left === 0) return;
    let all = 0;
    for (const index of equals) all += room(index);
    for (const index of all <= left ? equals : tie(equals)) {
      const step = Math.min(room(index), left);
      if (step === 0) return;
      give(index, step);
      left -= step;
    }
  }
}

function* runsOf(
  sorted: Int32Array,
  compare: (a: number, b: number) => number,
): IterableIterator<Int32Array> {
  for (let begin = 0, end = 0; begin < sorted.length; begin = end) {
    while (end < sorted.length && compare(sorted[begin]!, sorted[end]!) === 0) end++;
    yield sorted.subarray(begin, end);
  }
}
