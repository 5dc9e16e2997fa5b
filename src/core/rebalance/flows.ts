import { doubled } from "../doubled.ts";

/**
 * A plan has at least a move for each amount. So many can be planned in about a second, and
 * committed in a few; of more, only the sums are known.
 */
export const AMOUNTS_MAX = 1_500_000;

/** Who gives how much to whom, in columns: there may be millions of pairs. */
export class Flows {
  /** By process index: how many amounts it gives or gets, and what it gains or, negative, loses. */
  readonly parts: Uint32Array;
  readonly changes: Float64Array;
  /** Of all that was added. */
  total = 0;
  count = 0;
  /** The number of each donor, and where the pairs of each number begin. */
  readonly #numbers = new Map<number, number>();
  readonly #begins: number[] = [];
  #receivers = new Int32Array(1024);
  #amounts = new Float64Array(1024);
  /** The last pair that was looked for: who asks what is left between two takes it next. */
  #sought = { donor: -1, receiver: -1, place: -1 };

  constructor(processCount: number) {
    this.parts = new Uint32Array(processCount);
    this.changes = new Float64Array(processCount);
  }

  /** Donor by donor, to each one's receivers in ascending order, to each once. */
  add(donor: number, receiver: number, amount: number): void {
    this.parts[donor]!++;
    this.parts[receiver]!++;
    this.changes[donor] = this.changes[donor]! - amount;
    this.changes[receiver] = this.changes[receiver]! + amount;
    this.total += amount;
    const place = this.count++;
    if (place >= AMOUNTS_MAX) return;
    if (place === this.#amounts.length) this.#grow();
    if (!this.#numbers.has(donor)) this.#numbers.set(donor, this.#begins.push(place) - 1);
    this.#receivers[place] = receiver;
    this.#amounts[place] = amount;
  }

  /** A donor's receivers, and at the same places what is left for each. */
  of(donor: number): { readonly receivers: Int32Array; readonly amounts: Float64Array } {
    const number = this.#numbers.get(donor);
    const begin = number === undefined ? 0 : this.#begins[number]!;
    const end = number === undefined ? 0 : (this.#begins[number + 1] ?? this.count);
    return {
      receivers: this.#receivers.subarray(begin, end),
      amounts: this.#amounts.subarray(begin, end),
    };
  }

  /** The one at a place of those of a donor, which is as a rule looked for next. */
  receiverAt(donor: number, placeOfDonor: number): number {
    const place = this.#begins[this.#numbers.get(donor)!]! + placeOfDonor;
    const receiver = this.#receivers[place]!;
    this.#sought = { donor, receiver, place };
    return receiver;
  }

  /** What is left for a receiver. */
  between(donor: number, receiver: number): number {
    const place = this.#placeOf(donor, receiver);
    return place === undefined ? 0 : this.#amounts[place]!;
  }

  take(donor: number, receiver: number, amount: number): void {
    const place = this.#placeOf(donor, receiver)!;
    this.#amounts[place] = this.#amounts[place]! - amount;
  }

  #placeOf(donor: number, receiver: number): number | undefined {
    const sought = this.#sought;
    if (sought.donor === donor && sought.receiver === receiver) return sought.place;
    const place = this.#find(donor, receiver);
    if (place !== undefined) this.#sought = { donor, receiver, place };
    return place;
  }

  #find(donor: number, receiver: number): number | undefined {
    const number = this.#numbers.get(donor);
    if (number === undefined) return undefined;
    let low = this.#begins[number]!;
    let high = (this.#begins[number + 1] ?? this.count) - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#receivers[middle]! < receiver) low = middle + 1;
      else high = middle;
    }
    return this.#receivers[low] === receiver ? low : undefined;
  }

  #grow(): void {
    this.#receivers = doubled(this.#receivers);
    this.#amounts = doubled(this.#amounts);
  }
}
