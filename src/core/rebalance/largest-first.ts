import { CandidateHeap } from "./candidate-heap.ts";
import { indexesOf, sortLargestFirst } from "./order.ts";

/**
 * The largest of some amounts that only ever fall. They are sorted once; one that has fallen when
 * its turn comes goes into a heap. So an amount costs O(1) where each is taken whole, as most are.
 */
export class LargestFirst {
  readonly #now: Float64Array;
  /** As they were when they were sorted, by place. */
  readonly #sorted: Float64Array;
  /** The places, the largest amount first, and how many of them have had their turn. */
  readonly #order: Int32Array;
  #turns = 0;
  readonly #fallen = new CandidateHeap();

  constructor(amounts: Float64Array) {
    this.#now = amounts;
    this.#sorted = amounts.slice();
    this.#order = placesByAmount(amounts);
  }

  /** The place of the largest amount above 0; of equal ones the first. */
  largest(): number | undefined {
    const now = this.#now;
    const place = this.#nextInOrder();
    const fallen = this.#largestFallen();
    if (place === undefined || fallen === undefined) return place ?? fallen;
    if (now[place] === now[fallen]) return Math.min(place, fallen);
    return now[place]! > now[fallen]! ? place : fallen;
  }

  #nextInOrder(): number | undefined {
    for (; this.#turns < this.#order.length; this.#turns++) {
      const place = this.#order[this.#turns]!;
      const amount = this.#now[place]!;
      if (amount === this.#sorted[place]) return place;
      if (amount > 0) this.#fallen.push(place, amount);
    }
    return undefined;
  }

  #largestFallen(): number | undefined {
    while (this.#fallen.size > 0) {
      const place = this.#fallen.top;
      const now = this.#now[place]!;
      if (now === this.#fallen.topKey) return place;
      if (now > 0) this.#fallen.lowerTop(now);
      else this.#fallen.pop();
    }
    return undefined;
  }
}

/** Of the amounts above 0. */
function placesByAmount(amounts: Float64Array): Int32Array {
  const places = indexesOf(amounts.length, (place) => amounts[place]! > 0);
  sortLargestFirst(places, amounts);
  return places;
}
