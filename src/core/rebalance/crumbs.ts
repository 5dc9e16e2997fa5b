/**
 * Removes short ranges of one volume, the shortest first. One goes to the owner of a neighbouring
 * one, so that the two become one. Where that would change a size by more than the slack allows,
 * the same amount comes back over a chain of boundaries: from the neighbour to the next process,
 * and so on to the range's old owner, each time by sliding a boundary between two of their ranges.
 * A slide never takes a whole range, so that it leaves their number as it is.
 *
 * Only what is still with its first owner may go, so no address moves twice. Each range is tried
 * once, and the search for chains is bounded (slide-chains.ts).
 */
import { isActive, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { NONE, RangeBoard } from "./range-board.ts";
import { type Slide, SlideChains } from "./slide-chains.ts";

/** Longer than this part of the mean, and a range is left to those who sort whole stretches. */
const CRUMB_OF_MEAN = 0.5;

interface Bounds {
  /** How many addresses a size may change by. */
  readonly slack: number;
  /** The most addresses that may move. */
  readonly limit: number;
  /** Of all volumes of the plan. */
  readonly plannedRanges: number;
}

export class CrumbMerging {
  readonly #model: LoadModel;
  readonly #slack: number;
  readonly #limit: number;
  readonly #board: RangeBoard;
  /** What each process has gained. */
  readonly #change: Float64Array;
  readonly #chains: SlideChains;
  #moved = 0;

  constructor(model: LoadModel, volume: Volume, { slack, limit, plannedRanges }: Bounds) {
    this.#model = model;
    this.#slack = slack;
    this.#limit = limit;
    this.#board = new RangeBoard(model, volume.map);
    this.#change = new Float64Array(model.processes.length);
    this.#chains = new SlideChains(this.#board, plannedRanges, (index) =>
      isActive(this.#model, index),
    );
  }

  /** Runs until nothing is left to try, or until the next step would exceed the limit. */
  run(): { readonly moved: number; readonly board: RangeBoard } {
    const { count, length } = this.#board;
    const isCrumb = (range: number) =>
      this.#board.lengthOf(range) <= (CRUMB_OF_MEAN * length) / count;
    for (const range of this.#board.shortestFirst(isCrumb)) if (!this.#merge(range)) break;
    return { moved: this.#moved, board: this.#board };
  }

  /** Returns whether the limit leaves room for more. */
  #merge(range: number): boolean {
    const { owner, previous, next } = this.#board;
    if (this.#board.hasMoved(range)) return true;
    const giver = owner[range]!;
    const neighbours = [previous[range]!, next[range]!].filter((other) => other !== NONE);
    if (neighbours.some((other) => owner[other] === giver)) return true;
    for (const neighbour of neighbours) {
      const taker = owner[neighbour]!;
      if (!isActive(this.#model, taker)) continue;
      const length = this.#board.lengthOf(range);
      const slides = this.#repayment({ range, giver, taker });
      if (!slides) continue;
      const cost = length * (slides.length + 1);
      if (this.#moved + cost > this.#limit) return false;
      this.#board.give(range, taker);
      for (const { segment, side, receiver } of slides) {
        this.#board.cut(segment, receiver, length, side);
      }
      if (slides.length === 0) {
        this.#change[giver] = this.#change[giver]! - length;
        this.#change[taker] = this.#change[taker]! + length;
      }
      this.#moved += cost;
      return true;
    }
    return true;
  }

  /** The slides that make up for a range; none where the slack does. Undefined: it cannot go. */
  #repayment(gift: {
    readonly range: number;
    readonly giver: number;
    readonly taker: number;
  }): readonly Slide[] | undefined {
    const { range, giver, taker } = gift;
    const length = this.#board.lengthOf(range);
    const fits =
      this.#change[giver]! - length >= -this.#slack && this.#change[taker]! + length <= this.#slack;
    if (fits) return [];
    if (!isActive(this.#model, giver)) return undefined;
    return this.#chains.find({ from: taker, to: giver, length, besides: range });
  }
}
