/**
 * Chains of boundaries over which an amount goes from one process to another: the first slides
 * towards a neighbour, the neighbour's towards the next one, and so on. Found breadth first, so
 * that the shortest is taken. A chain is looked for in at most LOOKS_MAX ranges, and all chains of
 * a volume in LOOKS_TOTAL_MAX, so that it stays bounded at a million ranges. Among ten
 * thousand processes few meet, so no more are looked for once too many looks were in vain.
 */
import { NONE, type RangeBoard } from "./range-board.ts";

const LOOKS_MAX = 64;
const LOOKS_TOTAL_MAX = 2_000_000;
/** The volumes of a plan share these by their ranges, yet each has a few. */
const LOOKS_IN_VAIN_MAX = 400_000;
const LOOKS_IN_VAIN_MIN = 20_000;
/** So many more may be in vain for each chain that is found. */
const LOOKS_IN_VAIN_PER_CHAIN = 1_000;

/** The first or the last addresses of a segment go to the owner of the one beside it. */
export interface Slide {
  readonly segment: number;
  readonly side: "left" | "right";
  readonly receiver: number;
}

interface Search {
  /** Processes by index. */
  readonly from: number;
  readonly to: number;
  readonly length: number;
  /** No boundary of this segment slides. */
  readonly besides: number;
}

export class SlideChains {
  readonly #board: RangeBoard;
  readonly #mayReceive: (index: number) => boolean;
  /** The ranges of each process, one process after another, and where each begins. */
  readonly #ranges: Int32Array;
  readonly #firstOf: Int32Array;
  /** The number of the last search that reached a process. */
  readonly #reachedIn: Int32Array;
  #searches = 0;
  #looks = 0;
  /** So many looks may still be in vain. */
  #patience: number;
  /** By the order of the search: the process reached, by which slide, from which place. */
  readonly #process = new Int32Array(2 * LOOKS_MAX + 1);
  readonly #slide: Slide[] = [];
  readonly #before = new Int32Array(2 * LOOKS_MAX + 1);

  /** `plannedRanges`: of all volumes of the plan. */
  constructor(board: RangeBoard, plannedRanges: number, mayReceive: (index: number) => boolean) {
    this.#board = board;
    const part = board.count / plannedRanges;
    this.#patience = Math.max(LOOKS_IN_VAIN_MIN, part * LOOKS_IN_VAIN_MAX);
    this.#mayReceive = mayReceive;
    this.#firstOf = new Int32Array(board.processCount + 1);
    this.#ranges = new Int32Array(board.count);
    this.#reachedIn = new Int32Array(board.processCount);
    const first = this.#firstOf;
    for (let i = 0; i < board.count; i++) first[board.owner[i]!]!++;
    for (let p = 1; p <= board.processCount; p++) first[p] = first[p]! + first[p - 1]!;
    for (let i = board.count - 1; i >= 0; i--) this.#ranges[--first[board.owner[i]!]!] = i;
  }

  /** The slides of the shortest chain that was found. */
  find(search: Search): readonly Slide[] | undefined {
    if (this.#patience <= 0) return undefined;
    const before = this.#looks;
    const chain = this.#search(search);
    this.#patience += chain ? LOOKS_IN_VAIN_PER_CHAIN : before - this.#looks;
    return chain;
  }

  #search({ from, to, length, besides }: Search): readonly Slide[] | undefined {
    const board = this.#board;
    const search = ++this.#searches;
    this.#reachedIn[from] = search;
    this.#process[0] = from;
    let reached = 1;
    let looks = 0;
    for (let place = 0; place < reached; place++) {
      const donor = this.#process[place]!;
      const end = this.#firstOf[donor + 1]!;
      for (let i = this.#firstOf[donor]!; i < end; i++) {
        if (looks++ === LOOKS_MAX || this.#looks++ >= LOOKS_TOTAL_MAX) return undefined;
        const segment = this.#ranges[i]!;
        // A slide never takes a whole range.
        if (board.hasMoved(segment) || board.lengthOf(segment) <= length) continue;
        for (const side of ["left", "right"] as const) {
          const beside = (side === "left" ? board.previous : board.next)[segment]!;
          if (beside === NONE || beside === besides) continue;
          const receiver = board.owner[beside]!;
          if (this.#reachedIn[receiver] === search || !this.#mayReceive(receiver)) continue;
          this.#reachedIn[receiver] = search;
          this.#process[reached] = receiver;
          this.#slide[reached] = { segment, side, receiver };
          this.#before[reached] = place;
          if (receiver === to) return this.#chainAt(reached);
          reached++;
        }
      }
    }
    return undefined;
  }

  #chainAt(last: number): Slide[] {
    const chain: Slide[] = [];
    for (let place = last; place > 0; place = this.#before[place]!) chain.push(this.#slide[place]!);
    return chain;
  }
}
