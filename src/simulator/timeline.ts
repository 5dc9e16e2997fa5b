/** Virtual time: events in order of their time, and of their making among those of one time. */

interface Event {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export class Timeline {
  /** In units of work: serving the I/O of one address takes one. */
  now = 0;
  #made = 0;
  readonly #heap: Event[] = [];

  after(delay: number, happen: () => void): void {
    this.#heap.push({ at: this.now + delay, order: this.#made++, happen });
    this.#rise(this.#heap.length - 1);
  }

  /** Until nothing is left to happen. */
  run(): void {
    for (let event = this.#take(); event; event = this.#take()) {
      this.now = event.at;
      event.happen();
    }
  }

  #take(): Event | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(): void {
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, first)) first = child;
      }
      if (first === parent) return;
      this.#swap(first, parent);
      parent = first;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one]!, this.#heap[other]!];
    return a.at === b.at ? a.order < b.order : a.at < b.at;
  }

  #swap(one: number, other: number): void {
    [this.#heap[one], this.#heap[other]] = [this.#heap[other]!, this.#heap[one]!];
  }
}
