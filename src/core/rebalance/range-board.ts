/** The ranges of one volume while addresses are chosen: who has what of each range by now. */
import type { LoadModel } from "../load-model.ts";
import type { VolumeId } from "../model.ts";
import type { RangeColumns } from "../ranges.ts";
import type { Quota } from "./quota.ts";
import type { Move } from "./types.ts";

/** A part that was cut off a range, `end` exclusive. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly receiver: number;
}

/** Ranges by their number in address order, owners by process index. */
export class RangeBoard {
  readonly count: number;
  /** Owner of what is left of each range. */
  readonly owner: Uint32Array;
  readonly #origin: Uint32Array;
  /** What is left of each range, `end` exclusive. */
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  readonly #pieces = new Map<number, Piece[]>();

  constructor(model: LoadModel, columns: RangeColumns) {
    const processes = columns.owners.map((cNodeId) => model.indexOfCNode.get(cNodeId) ?? 0);
    this.count = columns.owner.length;
    this.#origin = columns.owner.map((owner) => processes[owner]!);
    this.owner = this.#origin.slice();
    this.#start = columns.firstLba;
    this.#end = columns.lastLba.map((last) => last + 1);
  }

  /** Length of what is left. */
  lengthOf(range: number): number {
    return this.#end[range]! - this.#start[range]!;
  }

  /** Gives away all that is left. */
  give(range: number, receiver: number): void {
    this.owner[range] = receiver;
  }

  /** Gives away the first or the last addresses of what is left. */
  cut(range: number, receiver: number, amount: number, side: "left" | "right"): void {
    const pieces = this.#pieces.get(range) ?? [];
    this.#pieces.set(range, pieces);
    if (side === "left") {
      const start = this.#start[range]!;
      this.#start[range] = start + amount;
      pieces.push({ start, end: start + amount, receiver });
    } else {
      const end = this.#end[range]!;
      this.#end[range] = end - amount;
      pieces.push({ start: end - amount, end, receiver });
    }
  }

  /**
   * All that moved, in address order. No two of them join: neighbouring ranges have different
   * owners, and a receiver takes a part of a range only once, up to its own or the donor's end.
   */
  moves(model: LoadModel, volumeId: VolumeId): Move[] {
    const moves: Move[] = [];
    for (let range = 0; range < this.count; range++) {
      if (this.owner[range] === this.#origin[range] && !this.#pieces.has(range)) continue;
      const fromCNodeId = model.processes[this.#origin[range]!]!.cNodeId;
      for (const { start, end, receiver } of this.#partsOf(range)) {
        const toCNodeId = model.processes[receiver]!.cNodeId;
        moves.push({ volumeId, firstLba: start, lastLba: end - 1, fromCNodeId, toCNodeId });
      }
    }
    return moves;
  }

  #partsOf(range: number): readonly Piece[] {
    const pieces = this.#pieces.get(range) ?? [];
    const receiver = this.owner[range]!;
    const rest = { start: this.#start[range]!, end: this.#end[range]!, receiver };
    const restMoved = receiver !== this.#origin[range] && rest.start < rest.end;
    if (pieces.length === 0) return restMoved ? [rest] : [];
    const parts = restMoved ? [...pieces, rest] : pieces;
    return parts.toSorted((a, b) => a.start - b.start);
  }
}

/** What donors that have still something to give have left, the longest ranges first. */
export class DonorRanges {
  readonly #ranges = new Map<number, number[]>();
  /** The donors, in process id order. */
  readonly indexes: readonly number[];

  constructor(board: RangeBoard, quota: Quota) {
    for (let range = 0; range < board.count; range++) {
      const owner = board.owner[range]!;
      if (quota.surplusOf(owner) === 0 || board.lengthOf(range) === 0) continue;
      const ranges = this.#ranges.get(owner);
      if (ranges) ranges.push(range);
      else this.#ranges.set(owner, [range]);
    }
    this.indexes = [...this.#ranges.keys()].sort((a, b) => a - b);
    for (const ranges of this.#ranges.values()) {
      ranges.sort((a, b) => board.lengthOf(b) - board.lengthOf(a) || a - b);
    }
  }

  of(donor: number): readonly number[] {
    return this.#ranges.get(donor)!;
  }
}
