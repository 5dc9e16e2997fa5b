/**
 * A window is a run of neighbouring ranges whose owners can all still afford to give them whole to
 * one receiver, so that the run becomes one range, together with the receiver's own ranges in and
 * beside it. The window that removes most ranges is taken first; of equal ones the shortest.
 *
 * A candidate is a range and a way to find the receiver: the owner on the left, from whom the
 * window goes on to the right; the owner on the right, and on to the left; or whoever needs most,
 * where no range of its own is near. Taking a window uses up what others could take, so that their
 * windows get shorter: a candidate that comes to the top of the heap is looked at again, and sinks
 * if it is worth less by now. New candidates arise only at the two ends of what was taken.
 *
 * A window has at most WINDOW_RANGES_MAX ranges. That bounds a look, and how often a candidate can
 * sink, so that R ranges take O(R · log R).
 */
import { CandidateHeap } from "./candidate-heap.ts";
import type { Quota } from "./quota.ts";
import { countFrom, type RangeBoard } from "./range-board.ts";

const WINDOW_RANGES_MAX = 32;

const [RIGHTWARDS, LEFTWARDS, ANYWHERE] = [0, 1, 2];

/** Takes windows as long as there are any. The board has not been cut yet. */
export function takeWindows(board: RangeBoard, quota: Quota): void {
  new WindowSearch(board, quota).run();
}

class WindowSearch {
  readonly #board: RangeBoard;
  readonly #quota: Quota;
  readonly #heap = new CandidateHeap();
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
    this.#farEnd = countFrom(0, board.count);
    this.#given = new Float64Array(board.processCount);
  }

  run(): void {
    for (let range = 0; range < this.#board.count; range++) {
      if (this.#quota.surplusOf(this.#board.owner[range]!) === 0) continue;
      const beside = this.#offer(range, RIGHTWARDS!) || this.#offer(range, LEFTWARDS!);
      if (!beside && this.#quota.isFree) this.#offer(range, ANYWHERE!);
    }
    for (;;) {
      const expected = this.#heap.topKey;
      const candidate = this.#heap.pop();
      if (candidate === undefined) return;
      const worth = this.#look(candidate);
      if (worth <= 0) continue;
      if (worth < expected) this.#heap.push(candidate, worth);
      else this.#take();
    }
  }

  #offer(range: number, way: number): boolean {
    if (range < 0 || range >= this.#board.count) return false;
    const candidate = way * this.#board.count + range;
    const worth = this.#look(candidate);
    if (worth > 0) this.#heap.push(candidate, worth);
    return worth > 0;
  }

  /** The ranges that a window removes, less the part of the volume that it moves; at most 0: none. */
  #look(candidate: number): number {
    const { owner, count } = this.#board;
    const range = candidate % count;
    const way = (candidate - range) / count;
    const step = way === LEFTWARDS ? -1 : 1;
    const receiver = way === ANYWHERE ? this.#quota.neediest(owner[range]!) : owner[range - step];
    if (receiver === undefined || receiver === owner[range]) return 0;
    const need = this.#quota.needOf(receiver);
    let [amount, runs, next] = [0, way === ANYWHERE ? 0 : 1, range];
    this.#size = 0;
    for (; runs < WINDOW_RANGES_MAX && next >= 0 && next < count; next += step, runs++) {
      const donor = owner[next]!;
      if (donor === receiver) {
        next = this.#farEnd[next]!;
        continue;
      }
      const length = this.#board.lengthOf(next);
      const given = this.#given[donor]! + length;
      if (amount + length > need || given > this.#quota.between(donor, receiver)) break;
      this.#given[donor] = given;
      amount += length;
      this.#ranges[this.#size++] = next;
    }
    for (let i = 0; i < this.#size; i++) this.#given[owner[this.#ranges[i]!]!] = 0;
    this.#receiver = receiver;
    return this.#size === 0 ? 0 : runs - 1 - amount / this.#board.length;
  }

  /** Takes the window that was looked at last. */
  #take(): void {
    const { owner } = this.#board;
    const [receiver, ranges, far] = [this.#receiver, this.#ranges, this.#farEnd];
    const [a, b] = [ranges[0]!, ranges[this.#size - 1]!];
    for (let i = 0; i < this.#size; i++) {
      const range = ranges[i]!;
      this.#quota.take(owner[range]!, receiver, this.#board.lengthOf(range));
      this.#board.give(range, receiver);
    }
    let [left, right] = [Math.min(a, b), Math.max(a, b)];
    if (owner[left - 1] === receiver) left = far[left - 1]!;
    if (owner[right + 1] === receiver) right = far[right + 1]!;
    far[left] = right;
    far[right] = left;
    this.#offer(right + 1, RIGHTWARDS!);
    this.#offer(left - 1, LEFTWARDS!);
  }
}
