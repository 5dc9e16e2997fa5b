/**
 * The ranges of one volume while addresses are chosen: a list of segments in address order, each
 * with the process that owned it and the one that owns it by now. A cut splits a segment in two.
 * Neighbours may have the same owner: they are one range.
 */
import type { AddressMap } from "../address-map.ts";
import { doubled } from "../doubled.ts";
import type { LoadModel } from "../load-model.ts";
import type { CNodeId } from "../model.ts";
import { type RangeColumns, rangeCount } from "../ranges.ts";
import { countFrom, indexesOf, sortByKey, sortLargestFirst } from "./order.ts";
import { ProcessRangesBuilder, processRanges } from "./process-ranges.ts";
import { type VolumeMoves, VolumeMovesBuilder } from "./volume-moves.ts";

/** No segment: what lies before the first and after the last one. */
export const NONE = -1;

/** Owners are named by process index. */
export class RangeBoard {
  /** Number of segments. The first ones are the ranges of the map, in address order. */
  count: number;
  owner: Uint32Array;
  next: Int32Array;
  previous: Int32Array;
  /** Of the volume, in addresses. */
  readonly length: number;
  readonly processCount: number;
  readonly #cNodeIds: readonly CNodeId[];
  #origin: Uint32Array;
  #start: Float64Array;
  /** Exclusive. */
  #end: Float64Array;

  constructor(model: LoadModel, map: AddressMap) {
    const ranges = processRanges(model, map);
    this.processCount = model.processes.length;
    this.count = rangeCount(ranges);
    this.#cNodeIds = ranges.owners;
    this.#origin = ranges.owner;
    this.owner = this.#origin.slice();
    this.#start = ranges.firstLba;
    this.#end = ranges.lastLba;
    for (let i = 0; i < this.count; i++) this.#end[i] = this.#end[i]! + 1;
    this.length = this.#end[this.count - 1]!;
    this.previous = countFrom(-1, this.count);
    this.next = countFrom(1, this.count);
    this.next[this.count - 1] = NONE;
  }

  lengthOf(segment: number): number {
    return this.#end[segment]! - this.#start[segment]!;
  }

  /** Of all segments. */
  lengths(): Float64Array {
    const lengths = new Float64Array(this.count);
    for (let segment = 0; segment < this.count; segment++) {
      lengths[segment] = this.lengthOf(segment);
    }
    return lengths;
  }

  /** Some of the segments, the shortest first; of equal ones those that were there earlier. */
  shortestFirst(isWanted: (segment: number) => boolean): Int32Array {
    const segments = indexesOf(this.count, isWanted);
    sortByKey(segments, this.lengths());
    return segments;
  }

  /** The same, the longest first. */
  longestFirst(isWanted: (segment: number) => boolean): Int32Array {
    const segments = indexesOf(this.count, isWanted);
    sortLargestFirst(segments, this.lengths());
    return segments;
  }

  /** Whether a segment is no longer with its first owner. */
  hasMoved(segment: number): boolean {
    return this.owner[segment] !== this.#origin[segment];
  }

  /** Gives away a whole segment. */
  give(segment: number, receiver: number): void {
    this.owner[segment] = receiver;
  }

  /** Gives away the first or the last addresses of a segment, or all of it. */
  cut(segment: number, receiver: number, amount: number, side: "left" | "right"): void {
    if (amount === this.lengthOf(segment)) {
      this.give(segment, receiver);
      return;
    }
    const at = side === "left" ? this.#start[segment]! + amount : this.#end[segment]! - amount;
    const right = this.#split(segment, at);
    // What stays keeps its number, whichever side it is on.
    if (side === "right") {
      this.owner[right] = receiver;
      return;
    }
    this.#swap(segment, right);
    this.owner[right] = receiver;
  }

  /** All that moved, in address order; neighbours with the same two ends are one move. */
  moves(): VolumeMoves {
    const moves = new VolumeMovesBuilder(this.count);
    for (let segment = this.#first(); segment !== NONE; ) {
      const [origin, owner] = [this.#origin[segment]!, this.owner[segment]!];
      const firstLba = this.#start[segment]!;
      let last = segment;
      let next = this.next[segment]!;
      while (next !== NONE && this.owner[next] === owner && this.#origin[next] === origin) {
        last = next;
        next = this.next[next]!;
      }
      if (owner !== origin) moves.add(firstLba, this.#end[last]! - 1, origin, owner);
      segment = next;
    }
    return moves.build();
  }

  /** All ranges by now: neighbours with one owner are one. */
  ranges(): RangeColumns {
    const ranges = new ProcessRangesBuilder(this.count, this.#cNodeIds);
    for (let segment = this.#first(); segment !== NONE; segment = this.next[segment]!) {
      ranges.add(this.#start[segment]!, this.#end[segment]! - 1, this.owner[segment]!);
    }
    return ranges.build();
  }

  /** How many they are. */
  rangeCount(): number {
    let count = 1;
    for (let left = 0; left < this.count; left++) {
      const right = this.next[left]!;
      if (right !== NONE && this.owner[left] !== this.owner[right]) count++;
    }
    return count;
  }

  #first(): number {
    let first = 0;
    while (this.previous[first] !== NONE) first = this.previous[first]!;
    return first;
  }

  /** Splits a segment at an address inside it; returns the right part. */
  #split(segment: number, at: number): number {
    const right = this.count++;
    if (right === this.owner.length) this.#grow();
    const after = this.next[segment]!;
    this.owner[right] = this.owner[segment]!;
    this.#origin[right] = this.#origin[segment]!;
    this.#start[right] = at;
    this.#end[right] = this.#end[segment]!;
    this.#end[segment] = at;
    this.next[right] = after;
    this.previous[right] = segment;
    this.next[segment] = right;
    if (after !== NONE) this.previous[after] = right;
    return right;
  }

  /** Exchanges the numbers of two neighbours, the left one first, of the same owner and origin. */
  #swap(left: number, right: number): void {
    const [before, after] = [this.previous[left]!, this.next[right]!];
    const [start, middle, end] = [this.#start[left]!, this.#end[left]!, this.#end[right]!];
    this.#start[right] = start;
    this.#end[right] = middle;
    this.#start[left] = middle;
    this.#end[left] = end;
    this.previous[right] = before;
    this.next[right] = left;
    this.previous[left] = right;
    this.next[left] = after;
    if (before !== NONE) this.next[before] = right;
    if (after !== NONE) this.previous[after] = left;
  }

  #grow(): void {
    this.owner = doubled(this.owner);
    this.next = doubled(this.next);
    this.previous = doubled(this.previous);
    this.#origin = doubled(this.#origin);
    this.#start = doubled(this.#start);
    this.#end = doubled(this.#end);
  }
}
