/**
 * How many addresses may still go from which process to which: what the strategies hand to the
 * choice of addresses. A quota is used up by it.
 */

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
    this.#heap ??= new LargestFirst(this.#need.keys(), (receiver) => this.#need[receiver]!);
    return this.#heap.largest();
  }
}

/** Who gives how much to whom, added up in the order of the strategy. */
export class Flows {
  readonly #amounts = new Map<number, Map<number, number>>();
  total = 0;

  add(donor: number, receiver: number, amount: number): void {
    const receivers = this.#amounts.get(donor) ?? new Map<number, number>();
    this.#amounts.set(donor, receivers);
    receivers.set(receiver, (receivers.get(receiver) ?? 0) + amount);
    this.total += amount;
  }

  of(donor: number): Map<number, number> | undefined {
    return this.#amounts.get(donor);
  }

  /** What each process gains or, negative, loses. */
  changes(): Map<number, number> {
    const changes = new Map<number, number>();
    for (const [donor, receivers] of this.#amounts) {
      for (const [receiver, amount] of receivers) {
        changes.set(donor, (changes.get(donor) ?? 0) - amount);
        changes.set(receiver, (changes.get(receiver) ?? 0) + amount);
      }
    }
    return changes;
  }
}

/** Each donor gives exactly its part to each receiver (`pairwise`, `proportional`). */
export class FlowQuota implements Quota {
  readonly #flows: Flows;
  readonly #surplus = new Map<number, number>();
  readonly isFree = false;
  #heap: { donor: number; receivers: LargestFirst } | undefined;

  constructor(flows: Flows) {
    this.#flows = flows;
    for (const [index, change] of flows.changes()) {
      if (change < 0) this.#surplus.set(index, -change);
    }
  }

  between(donor: number, receiver: number): number {
    return this.#flows.of(donor)?.get(receiver) ?? 0;
  }

  take(donor: number, receiver: number, amount: number): void {
    this.#flows.of(donor)!.set(receiver, this.between(donor, receiver) - amount);
    this.#surplus.set(donor, this.surplusOf(donor) - amount);
  }

  /** No bound of its own: each part of its need comes from one donor. */
  needOf(_receiver: number): number {
    return Number.POSITIVE_INFINITY;
  }

  surplusOf(donor: number): number {
    return this.#surplus.get(donor) ?? 0;
  }

  /** Donors come one after another, so that one heap at a time is enough. */
  neediest(donor: number): number | undefined {
    const amounts = this.#flows.of(donor);
    if (!amounts) return undefined;
    if (this.#heap?.donor !== donor) {
      const receivers = new LargestFirst(amounts.keys(), (receiver) => amounts.get(receiver)!);
      this.#heap = { donor, receivers };
    }
    return this.#heap.receivers.largest();
  }
}

/** A heap over amounts that only ever fall: a stale entry sinks when it comes to the top. */
class LargestFirst {
  readonly #amountOf: (index: number) => number;
  readonly #heap: { index: number; amount: number }[] = [];

  constructor(indexes: Iterable<number>, amountOf: (index: number) => number) {
    this.#amountOf = amountOf;
    for (const index of indexes) {
      const amount = amountOf(index);
      if (amount > 0) this.#heap.push({ index, amount });
    }
    // A sorted array is a heap.
    this.#heap.sort((a, b) => b.amount - a.amount || a.index - b.index);
  }

  largest(): number | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (!top) return undefined;
      const amount = this.#amountOf(top.index);
      if (amount === top.amount) return top.index;
      top.amount = amount;
      if (amount === 0) this.#replaceTop();
      this.#sinkTop();
    }
  }

  #replaceTop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#heap[0] = last;
  }

  #sinkTop(): void {
    let parent = 0;
    for (;;) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && this.#before(child, first)) first = child;
      }
      if (first === parent) return;
      [this.#heap[parent], this.#heap[first]] = [this.#heap[first]!, this.#heap[parent]!];
      parent = first;
    }
  }

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a]!, this.#heap[b]!];
    return left.amount === right.amount ? left.index < right.index : left.amount > right.amount;
  }
}
