/**
 * A window is a run of neighbouring ranges whose owners can all still afford to give them whole to
 * one receiver, so that the run becomes one range, together with the receiver's own ranges in and
 * beside it. The window that removes most ranges is taken first; of equal ones the shortest, by and
 * large.
 *
 * A candidate is a range and a way to find the receiver: the owner on the left, from whom the
 * window goes on to the right; the owner on the right, and on to the left; or whoever needs most,
 * where no range of its own is near. Taking a window uses up what others could take, so that their
 * windows get shorter: a candidate whose turn has come is looked at again, and falls back if it is
 * worth less by now. New candidates arise only at the two ends of what was taken.
 *
 * A window has at most WINDOW_RANGES_MAX ranges. That bounds a look, and how often a candidate can
 * fall back, so that R ranges take O(R).
 */
import { CandidateBuckets } from "./candidate-buckets.ts";
import { countFrom } from "./order.ts";
import type { Quota } from "./quota.ts";
import type { RangeBoard } from "./range-board.ts";

const WINDOW_RANGES_MAX = 32;
const REMOVED_MAX = WINDOW_RANGES_MAX - 1;

const RIGHTWARDS = 0;
const LEFTWARDS = 1;
const ANYWHERE = 2;
const WAYS = 3;

/** Amounts are told apart by their highest bit, 0 … 52, and the one after it. */
const AMOUNT_STEPS = 53 * 2;
const RANKS = WINDOW_RANGES_MAX * AMOUNT_STEPS;
/** The rank of what is no window. */
const WORTHLESS = -1;

/** Takes windows as long as there are any. The board has not been cut yet. */
export function takeWindows(board: RangeBoard, quota: Quota): void {
  new WindowSearch(board, quota).run();
}

class WindowSearch {
  readonly #board: RangeBoard;
  readonly #quota: Quota;
  readonly #candidates = new CandidateBuckets(RANKS);
  /** By range, in a column of its own: half as much memory to go through as both its ends. */
  readonly #lengths: Float64Array;
  /** For the first and the last range of a run with one owner, the other one of the two. */
  readonly #farEnd: Int32Array;
  /** The window that was looked at last: its receiver, and the ranges of others in it. */
  #receiver = 0;
  readonly #ranges = new Int32Array(WINDOW_RANGES_MAX);
  #size = 0;
  /** What each donor would give to it. */
  readonly #given: Float64Array;

  constructor(board: RangeBoard, quota: Quota) {
    this.#board = board;
    this.#quota = quota;
    this.#lengths = board.lengths();
    this.#farEnd = countFrom(0, board.count);
    this.#given = new Float64Array(board.processCount);
  }

  run(): void {
    // From the end, because of one rank the last comes first: so they come in address order.
    for (let range = this.#board.count - 1; range >= 0; range--) {
      if (this.#quota.surplusOf(this.#board.owner[range]!) === 0) continue;
      const beside = this.#offer(range, RIGHTWARDS) || this.#offer(range, LEFTWARDS);
      if (!beside && this.#quota.isFree) this.#offer(range, ANYWHERE);
    }
    for (;;) {
      const expected = this.#candidates.topRank();
      if (expected === undefined) return;
      const candidate = this.#candidates.pop(expected);
      const way = candidate % WAYS;
      const rank = this.#look((candidate - way) / WAYS, way);
      if (rank === WORTHLESS) continue;
      if (rank < expected) this.#candidates.push(candidate, rank);
      else this.#take();
    }
  }

  #offer(range: number, way: number): boolean {
    if (range < 0 || range >= this.#board.count) return false;
    const rank = this.#look(range, way);
    if (rank !== WORTHLESS) this.#candidates.push(range * WAYS + way, rank);
    return rank !== WORTHLESS;
  }

  /** Finds the window of a candidate; returns its rank. */
  #look(range: number, way: number): number {
    // One by one, here and below: putting values into an array and out again costs a fifth.
    const quota = this.#quota;
    const given = this.#given;
    const ranges = this.#ranges;
    const lengths = this.#lengths;
    const { owner, count } = this.#board;
    const step = way === LEFTWARDS ? -1 : 1;
    const giver = owner[range]!;
    const receiver = way === ANYWHERE ? quota.neediest(giver) : owner[range - step];
    if (receiver === undefined || receiver === giver) return WORTHLESS;
    const need = quota.needOf(receiver);
    if (need === 0 || quota.surplusOf(giver) === 0) return WORTHLESS;
    let amount = 0;
    let removed = way === ANYWHERE ? -1 : 0;
    let size = 0;
    let next = range;
    for (; removed < REMOVED_MAX && next >= 0 && next < count; next += step, removed++) {
      const donor = owner[next]!;
      if (donor === receiver) {
        next = this.#farEnd[next]!;
        continue;
      }
      const length = lengths[next]!;
      const gives = given[donor]! + length;
      if (amount + length > need || gives > quota.between(donor, receiver)) break;
      given[donor] = gives;
      amount += length;
      ranges[size++] = next;
    }
    for (let i = 0; i < size; i++) given[owner[ranges[i]!]!] = 0;
    this.#receiver = receiver;
    this.#size = size;
    if (size === 0 || removed === 0) return WORTHLESS;
    return (removed + 1) * AMOUNT_STEPS - 1 - stepOf(amount);
  }

  /** Takes the window that was looked at last. */
  #take(): void {
    const { owner } = this.#board;
    const [receiver, ranges, far] = [this.#receiver, this.#ranges, this.#farEnd];
    const [a, b] = [ranges[0]!, ranges[this.#size - 1]!];
    for (let i = 0; i < this.#size; i++) {
      const range = ranges[i]!;
      this.#quota.take(owner[range]!, receiver, this.#lengths[range]!);
      this.#board.give(range, receiver);
    }
    let [left, right] = [Math.min(a, b), Math.max(a, b)];
    if (owner[left - 1] === receiver) left = far[left - 1]!;
    if (owner[right + 1] === receiver) right = far[right + 1]!;
    far[left] = right;
    far[right] = left;
    this.#offer(right + 1, RIGHTWARDS);
    this.#offer(left - 1, LEFTWARDS);
  }
}

/** The place of an amount, a whole number from 1 on, among the AMOUNT_STEPS. */
function stepOf(amount: number): number {
  const isLarge = amount >= 2 ** 31;
  const leading = isLarge ? Math.floor(amount / 2 ** 31) : amount;
  const highest = 31 - Math.clz32(leading);
  const isInUpperHalf = leading >= 1.5 * (1 << highest);
  return 2 * (highest + (isLarge ? 31 : 0)) + (isInUpperHalf ? 1 : 0);
}
