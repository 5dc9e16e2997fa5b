/**
 * Which stretches to sort. Stretches are the nodes of a binary tree over all ranges; of those that
 * lie in one another at most one is sorted. For a price (addresses that a removed range may cost)
 * the best choice follows from the leaves up, in linear time; the highest price that the budget
 * allows is found by bisection. What is then left of the budget goes to whole stretches that the
 * price does not reach, the cheapest first: where a table is crumbled evenly, none is cheaper than
 * the others, and the price alone would choose all of them or none.
 */
import { CandidateHeap } from "./candidate-heap.ts";
import type { StretchSorter } from "./stretch-sorter.ts";

/** Ranges `from` … `to` − 1. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** At most; half as many at least. */
const LEAF_RANGES = 8;
const ROOT = 1;
/** Halvings of the exponent 0 … 53 of a price; more would tell apart what no table does. */
const BISECTIONS = 24;

/** Nodes by number: the children of n are 2n and 2n + 1. Sums are over what is sorted in a node. */
interface Choice {
  readonly isSorted: Uint8Array;
  readonly removed: Float64Array;
  readonly moved: Float64Array;
}

export class StretchTree {
  readonly #sorter: StretchSorter;
  readonly #leaves: number;
  /** Of sorting the whole stretch of a node. */
  readonly #removed: Float64Array;
  readonly #moved: Float64Array;

  constructor(sorter: StretchSorter) {
    this.#sorter = sorter;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, sorter.count / LEAF_RANGES)));
    this.#removed = new Float64Array(2 * this.#leaves);
    this.#moved = new Float64Array(2 * this.#leaves);
    for (let node = ROOT; node < 2 * this.#leaves; node++) {
      const { from, to } = this.#stretchOf(node);
      const { removed, moved } = sorter.measure(from, to);
      this.#removed[node] = removed;
      this.#moved[node] = moved;
    }
  }

  /** The stretches that remove most ranges for at most `budget` moved addresses, in order. */
  choose(budget: number): Stretch[] {
    const all = this.#bestAt(Number.POSITIVE_INFINITY);
    if (all.moved[ROOT]! <= budget) return this.#sortedIn(all);
    let [low, high] = [0, Math.log2(Number.MAX_SAFE_INTEGER)];
    for (let i = 0; i < BISECTIONS; i++) {
      const middle = (low + high) / 2;
      if (this.#bestAt(2 ** middle).moved[ROOT]! <= budget) low = middle;
      else high = middle;
    }
    const choice = this.#bestAt(low === 0 ? 0 : 2 ** low);
    this.#spend(choice, budget - choice.moved[ROOT]!);
    return this.#sortedIn(choice);
  }

  #bestAt(price: number): Choice {
    const nodes = 2 * this.#leaves;
    const isSorted = new Uint8Array(nodes);
    const removed = new Float64Array(nodes);
    const moved = new Float64Array(nodes);
    for (let node = nodes - 1; node >= ROOT; node--) {
      if (node < this.#leaves) {
        removed[node] = removed[2 * node]! + removed[2 * node + 1]!;
        moved[node] = moved[2 * node]! + moved[2 * node + 1]!;
      }
      const gain = this.#removed[node]! - removed[node]!;
      const cost = this.#moved[node]! - moved[node]!;
      // Not `price * gain` where nothing is gained: an infinite price times zero is no number.
      const isWorth = this.#removed[node]! > 0 && (gain === 0 ? cost < 0 : cost < price * gain);
      if (!isWorth) continue;
      isSorted[node] = 1;
      removed[node] = this.#removed[node]!;
      moved[node] = this.#moved[node]!;
    }
    return { isSorted, removed, moved };
  }

  /** Sorts whole stretches, the cheapest first, from the root down as far as they fit. */
  #spend({ isSorted, removed, moved }: Choice, budget: number): void {
    let left = budget;
    const cheapestFirst = new CandidateHeap();
    const offer = (node: number): void => {
      const gain = this.#removed[node]! - removed[node]!;
      const cost = this.#moved[node]! - moved[node]!;
      if (gain > 0) cheapestFirst.push(node, gain / cost);
      else if (!isSorted[node]) offerChildren(node);
    };
    const offerChildren = (node: number): void => {
      if (node >= this.#leaves) return;
      offer(2 * node);
      offer(2 * node + 1);
    };
    offer(ROOT);
    for (let node = cheapestFirst.pop(); node !== undefined; node = cheapestFirst.pop()) {
      const cost = this.#moved[node]! - moved[node]!;
      if (cost > left) offerChildren(node);
      else {
        left -= cost;
        isSorted[node] = 1;
      }
    }
  }

  /** The outermost ones. */
  #sortedIn({ isSorted }: Choice): Stretch[] {
    const stretches: Stretch[] = [];
    const visit = (node: number): void => {
      if (isSorted[node]) stretches.push(this.#stretchOf(node));
      else if (node < this.#leaves) {
        visit(2 * node);
        visit(2 * node + 1);
      }
    };
    visit(ROOT);
    return stretches;
  }

  /** Each child has half of its parent, give or take one. */
  #stretchOf(node: number): Stretch {
    const depth = 31 - Math.clz32(node);
    const place = node - 2 ** depth;
    const boundary = (i: number) => Math.floor((i * this.#sorter.count) / 2 ** depth);
    return { from: boundary(place), to: boundary(place + 1) };
  }
}
