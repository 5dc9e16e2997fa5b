/**
 * Which stretches to sort. Stretches are the nodes of a tree over all ranges; of those that lie in one
 * another at most one is sorted. For a price (addresses that a removed range may cost)
 * the best choice follows from the leaves up, in linear time; the highest price that the budget
 * allows is found by bisection. What is then left of the budget goes to whole stretches that the
 * price does not reach, the cheapest first: where a table is crumbled evenly, none is cheaper than
 * the others, and the price alone would choose all of them or none.
 */
import { CandidateHeap } from "./candidate-heap.ts";
import type { Stretch, StretchSorter } from "./stretch-sorter.ts";

/** Where more are planned, nodes have more children and leaves are larger: each level is measured. */
const FINE_RANGES_MAX = 100_000;
/** `leafRanges`: at most. */
const FINE = { children: 2, leafRanges: 8 };
const COARSE = { children: 4, leafRanges: 16 };
const ROOT = 0;
/** Halvings of the exponent 0 … 53 of a price; more would tell apart what no table does. */
const BISECTIONS = 24;

/** Nodes by number, level by level from the root. Sums are over what is sorted in a node. */
interface Choice {
  readonly isSorted: Uint8Array;
  readonly removed: Float64Array;
  readonly moved: Float64Array;
}

export class StretchTree {
  readonly #sorter: StretchSorter;
  readonly #children: number;
  /** Number of nodes, and the first that is a leaf. */
  readonly #nodes: number;
  readonly #firstLeaf: number;
  /** Of sorting the whole stretch of a node. */
  readonly #removed: Float64Array;
  readonly #moved: Float64Array;

  /** `plannedRanges`: of all volumes of the plan. */
  constructor(sorter: StretchSorter, plannedRanges: number) {
    this.#sorter = sorter;
    const { children, leafRanges } = plannedRanges > FINE_RANGES_MAX ? COARSE : FINE;
    this.#children = children;
    let leaves = 1;
    while (leaves * leafRanges < sorter.count) leaves *= this.#children;
    this.#firstLeaf = this.#firstNodeOf(leaves);
    this.#nodes = this.#firstLeaf + leaves;
    this.#removed = new Float64Array(this.#nodes);
    this.#moved = new Float64Array(this.#nodes);
    for (let node = ROOT; node < this.#nodes; node++) {
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
    const isSorted = new Uint8Array(this.#nodes);
    const removed = new Float64Array(this.#nodes);
    const moved = new Float64Array(this.#nodes);
    for (let node = this.#nodes - 1; node >= ROOT; node--) {
      const gain = this.#removed[node]! - removed[node]!;
      const cost = this.#moved[node]! - moved[node]!;
      // Not `price * gain` where nothing is gained: an infinite price times zero is no number.
      const isWorth = this.#removed[node]! > 0 && (gain === 0 ? cost < 0 : cost < price * gain);
      if (isWorth) {
        isSorted[node] = 1;
        removed[node] = this.#removed[node]!;
        moved[node] = this.#moved[node]!;
      }
      if (node === ROOT) break;
      const parent = Math.floor((node - 1) / this.#children);
      removed[parent] = removed[parent]! + removed[node]!;
      moved[parent] = moved[parent]! + moved[node]!;
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
      for (const child of this.#childrenOf(node)) offer(child);
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
      else for (const child of this.#childrenOf(node)) visit(child);
    };
    visit(ROOT);
    return stretches;
  }

  /** From left to right; none of a leaf. */
  #childrenOf(node: number): number[] {
    if (node >= this.#firstLeaf) return [];
    return Array.from({ length: this.#children }, (_, i) => this.#children * node + 1 + i);
  }

  /** Those of a level are equal, give or take one. */
  #stretchOf(node: number): Stretch {
    let width = 1;
    while (this.#firstNodeOf(width * this.#children) <= node) width *= this.#children;
    const place = node - this.#firstNodeOf(width);
    const boundary = (i: number) => Math.floor((i * this.#sorter.count) / width);
    return { from: boundary(place), to: boundary(place + 1) };
  }

  /** The first node of the level that has `width` nodes. */
  #firstNodeOf(width: number): number {
    return (width - 1) / (this.#children - 1);
  }
}
