/** Numbers by place; finds the next one that is low enough without looking at each. */
export class LowestAhead {
  /** A tree of minima: the children of n are 2n and 2n + 1, the leaves are the numbers. */
  readonly #lowest: Float64Array;
  readonly #leaves: number;

  constructor(numbers: Float64Array) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, numbers.length)));
    this.#lowest = new Float64Array(2 * this.#leaves).fill(Number.POSITIVE_INFINITY);
    this.#lowest.set(numbers, this.#leaves);
    for (let node = this.#leaves - 1; node > 0; node--) this.#update(node);
  }

  set(place: number, number: number): void {
    let node = place + this.#leaves;
    this.#lowest[node] = number;
    for (node >>>= 1; node > 0; node >>>= 1) this.#update(node);
  }

  /** The first place from `from` on whose number is at most `bound`. */
  find(from: number, bound: number): number | undefined {
    if (from >= this.#leaves) return undefined;
    let node = from + this.#leaves;
    while (this.#lowest[node]! > bound) {
      // Past a right child comes what is on the right of its parent.
      while (node % 2 === 1) node = (node - 1) / 2;
      if (node === 0) return undefined;
      node++;
    }
    while (node < this.#leaves) node = this.#lowest[2 * node]! <= bound ? 2 * node : 2 * node + 1;
    return node - this.#leaves;
  }

  #update(node: number): void {
    this.#lowest[node] = Math.min(this.#lowest[2 * node]!, this.#lowest[2 * node + 1]!);
  }
}
