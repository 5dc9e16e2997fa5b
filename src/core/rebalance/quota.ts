/**
 * How many addresses may still go from which process to which: what the strategies hand to the
 * choice of addresses. A quota is used up by it.
 */
import type { Flows } from "./flows.ts";
import { LargestFirst } from "./largest-first.ts";

export interface Quota {
  /** What may still go from one to the other; 0 for any two that are no donor and receiver. */
  between(donor: number, receiver: number): number;
  take(donor: number, receiver: number, amount: number): void;
  /** Whether any donor may give to any receiver. */
  readonly isFree: boolean;
  /** The most that a receiver may still get, from all donors. */
  needOf(receiver: number): number;
  /** What a donor has still to give. */
  surplusOf(donor: number): number;
  /** The receiver that may get most of a donor; of equal ones, the first in process id order. */
  neediest(donor: number): number | undefined;
}

/** Donors have a surplus and receivers a need, and anyone may give to anyone (`equalize`). */
export class FreeQuota implements Quota {
  readonly #surplus: Float64Array;
  readonly #need: Float64Array;
  readonly isFree = true;
  #heap: LargestFirst | undefined;

  /** Addresses by process index; the two sums are equal. */
  constructor(surplus: Float64Array, need: Float64Array) {
    this.#surplus = surplus;
    this.#need = need;
  }

  between(donor: number, receiver: number): number {
    return Math.min(this.#surplus[donor]!, this.#need[receiver]!);
  }

  take(donor: number, receiver: number, amount: number): void {
    this.#surplus[donor] = this.#surplus[donor]! - amount;
    this.#need[receiver] = this.#need[receiver]! - amount;
  }

  needOf(receiver: number): number {
    return this.#need[receiver]!;
  }

  surplusOf(donor: number): number {
    return this.#surplus[donor]!;
  }

  neediest(donor: number): number | undefined {
    if (this.#surplus[donor] === 0) return undefined;
    this.#heap ??= new LargestFirst(this.#need);
    return this.#heap.largest();
  }
}

/** Each donor gives exactly its part to each receiver (`pairwise`, `proportional`). */
export class FlowQuota implements Quota {
  readonly #flows: Flows;
  readonly #surplus: Float64Array;
  readonly isFree = false;
  /** Of the donors that were asked for. */
  readonly #heaps = new Map<number, LargestFirst>();

  constructor(flows: Flows) {
    this.#flows = flows;
    // Who gives doesn't get.
    this.#surplus = flows.changes.map((change) => Math.max(0, -change));
  }

  between(donor: number, receiver: number): number {
    // Most neighbours of a donor's ranges get nothing from anybody.
    if (this.#flows.changes[receiver]! <= 0) return 0;
    return this.#flows.between(donor, receiver);
  }

  take(donor: number, receiver: number, amount: number): void {
    this.#flows.take(donor, receiver, amount);
    this.#surplus[donor] = this.#surplus[donor]! - amount;
  }

  /** No bound of its own: each part of its need comes from one donor. */
  needOf(_receiver: number): number {
    return Number.POSITIVE_INFINITY;
  }

  surplusOf(donor: number): number {
    return this.#surplus[donor]!;
  }

  neediest(donor: number): number | undefined {
    if (this.surplusOf(donor) === 0) return undefined;
    let heap = this.#heaps.get(donor);
    if (!heap) {
      heap = new LargestFirst(this.#flows.of(donor).amounts);
      this.#heaps.set(donor, heap);
    }
    const place = heap.largest();
    return place === undefined ? undefined : this.#flows.receiverAt(donor, place);
  }
}
