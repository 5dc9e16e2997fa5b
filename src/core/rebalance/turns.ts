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
  const sorted = inOrder(candidates, compare);
  for (let left = amount, begin = 0; left > 0 && begin < sorted.length; ) {
    const equals = sorted.subarray(begin, endOfEquals(sorted, begin, compare));
    begin += equals.length;
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

/** In an array: one is sorted in runs, of which there are few, and columns are not. */
function inOrder(candidates: Int32Array, compare: Turns["compare"]): Int32Array {
  const list: number[] = [];
  for (const index of candidates) list.push(index);
  return new Int32Array(list.sort(compare));
}

/** One past the last of those that are equal to the one at `begin`. */
function endOfEquals(sorted: Int32Array, begin: number, compare: Turns["compare"]): number {
  let end = begin + 1;
  while (end < sorted.length && compare(sorted[begin]!, sorted[end]!) === 0) end++;
  return end;
}
