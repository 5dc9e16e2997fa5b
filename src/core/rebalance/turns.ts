/** Hands out an amount in turns. The last word among equals, a hash, is only asked for where it counts. */
import { hash } from "node:crypto";
import type { LoadModel } from "../load-model.ts";
import type { VolumeId } from "../model.ts";
import { countFrom, sortByKey } from "./order.ts";

/** As many as a double can hold. */
const LEADING_BYTES = 6;

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

/** One after the other is given up to its room, which each has, until the amount is used up. */
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
      if (step === 0) return;
      give(index, step);
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
  return (equals) => {
    const digests = equals.map((index) => {
      // A byte a character, so that the order is that of the bytes.
      return hash("sha256", `${volumeId}\t${model.processes[index]!.cNodeId}`, "binary");
    });
    const places = countFrom(0, equals.length);
    // Numbers are sorted several times as fast, and hardly any two begin alike.
    sortByKey(places, Float64Array.from(digests, leadingBytes));
    insertInOrder(places, digests);
    return Array.from(places, (place) => equals[place]!);
  };
}

function leadingBytes(digest: string): number {
  let number = 0;
  for (let i = 0; i < LEADING_BYTES; i++) number = 256 * number + digest.charCodeAt(i);
  return number;
}

/** What is in order but for a few. */
function insertInOrder(places: Int32Array, texts: readonly string[]): void {
  for (let i = 1; i < places.length; i++) {
    const place = places[i]!;
    let to = i;
    for (; to > 0 && texts[place]! < texts[places[to - 1]!]!; to--) places[to] = places[to - 1]!;
    places[to] = place;
  }
}
