/** Names by small numbers: a column of numbers is a fifth of one of ids, and compared at once. */

/** The number of what hasn't been asked for yet. */
const UNNUMBERED = -1;

/** Numbers values in the order in which they first come. */
export class Numbering<Value> {
  /** By number. */
  readonly values: Value[] = [];
  readonly #numbers = new Map<Value, number>();
  /** What is known of lists: many columns may name the same ones. */
  readonly #ofLists = new Map<readonly Value[], ListNumbers<Value>>();

  numberOf(value: Value): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return number;
  }

  numbersOf(list: readonly Value[]): ListNumbers<Value> {
    let numbers = this.#ofLists.get(list);
    if (!numbers) {
      numbers = new ListNumbers(this, list);
      this.#ofLists.set(list, numbers);
    }
    return numbers;
  }
}

/** The numbers of a list's values; one that is not asked for takes none. */
export class ListNumbers<Value> {
  readonly #numbering: Numbering<Value>;
  readonly #list: readonly Value[];
  readonly #numbers: Int32Array;

  constructor(numbering: Numbering<Value>, list: readonly Value[]) {
    this.#numbering = numbering;
    this.#list = list;
    this.#numbers = new Int32Array(list.length).fill(UNNUMBERED);
  }

  /** By place in the list. */
  at(place: number): number {
    const number = this.#numbers[place];
    // Neither of what hasn't been asked for, nor of what the list has gained since.
    return number !== undefined && number !== UNNUMBERED ? number : this.#numberNow(place);
  }

  #numberNow(place: number): number {
    const number = this.#numbering.numberOf(this.#list[place]!);
    this.#numbers[place] = number;
    return number;
  }
}
