/** A heap over amounts that only ever fall: a stale entry sinks when it comes to the top. */
export class LargestFirst {
  /** The amounts as they are now, and, in heap order, their places and what they were. */
  readonly #now: Float64Array;
  readonly #places: Int32Array;
  readonly #amounts: Float64Array;
  #size = 0;

  constructor(amounts: Float64Array) {
    this.#now = amounts;
    this.#places = new Int32Array(amounts.length);
    this.#amounts = new Float64Array(amounts.length);
    for (const [place, amount] of amounts.entries()) {
      if (amount === 0) continue;
      this.#places[this.#size] = place;
      this.#amounts[this.#size++] = amount;
    }
    for (let parent = (this.#size >>> 1) - 1; parent >= 0; parent--) this.#sink(parent);
  }

  /** The place of the largest amount above 0; of equal ones the first. */
  largest(): number | undefined {
    while (this.#size > 0) {
      const place = this.#places[0]!;
      const amount = this.#now[place]!;
      if (amount === this.#amounts[0]) return place;
      this.#amounts[0] = amount;
      if (amount === 0) {
        this.#size--;
        this.#places[0] = this.#places[this.#size]!;
        this.#amounts[0] = this.#amounts[this.#size]!;
      }
      this.#sink(0);
    }
    return undefined;
  }

  #sink(from: number): void {
    const [places, amounts, size] = [this.#places, this.#amounts, this.#size];
    const [place, amount] = [places[from]!, amounts[from]!];
    let parent = from;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= size) break;
      const other = child + 1;
      if (
        other < size &&
        precedes(amounts[other]!, places[other]!, amounts[child]!, places[child]!)
      ) {
        child = other;
      }
      if (!precedes(amounts[child]!, places[child]!, amount, place)) break;
      places[parent] = places[child]!;
      amounts[parent] = amounts[child]!;
      parent = child;
    }
    places[parent] = place;
    amounts[parent] = amount;
  }
}

function precedes(amount: number, place: number, otherAmount: number, otherPlace: number): boolean {
  return amount === otherAmount ? place < otherPlace : amount > otherAmount;
}
