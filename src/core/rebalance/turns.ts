/** Hands out an amount in turns. The last word among equals, a hash, is only asked for where it counts. */
import { hash } from "node:crypto";
import type { LoadModel } from "../load-model.ts";
import type { VolumeId } from "../model.ts";

export interface Turns {
  /** Below 0: `a` comes first; 0: they are equals. */
  readonly compare: (a: number, b: number) => number;
  /** The most for one. */
  readonly room: (index: number) => number;
  /** Puts equals in order. */
  readonly tie: TieOrder;
  readonly give: (index: number, step: number) => void;
}

export type TieOrder = (equals: readonly number[]) => number[];

/** One after the other is given up to its room, until the amount is used up. */
export function handOut(
  amount: number,
  candidates: readonly number[],
  { compare, room, tie, give }: Turns,
): void {
  let left = amount;
  for (const equals of runsOf([...candidates].sort(compare), compare)) {
    if (left === 0) return;
    const all = equals.reduce((sum, index) => sum + room(index), 0);
    for (const index of all <= left ? equals : tie(equals)) {
      const step = Math.min(room(index), left);
      if (step > 0) give(index, step);
      left -= step;
    }
  }
}

function* runsOf(
  sorted: readonly number[],
  compare: (a: number, b: number) => number,
): IterableIterator<number[]> {
  for (let begin = 0, end = 0; begin < sorted.length; begin = end) {
    while (end < sorted.length && compare(sorted[begin]!, sorted[end]!) === 0) end++;
    yield sorted.slice(begin, end);
  }
}

/**
 * The SHA-256 of `<volumeId>\t<cNodeId>`, lower first, so that a thousand tiny volumes don't all
 * land on the same few nodes.
 */
export function tieOrder(model: LoadModel, volumeId: VolumeId): TieOrder {
  return (equals) =>
    equals
      .map((index) => {
        const text = `${volumeId}\t${model.processes[index]!.cNodeId}`;
        return { index, digest: hash("sha256", text, "hex") };
      })
      .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      .map(({ index }) => index);
}
