import { doubled } from "../doubled.ts";

const CAPACITY_MIN = 16;

/** A heap of numbered candidates, the highest key first; of equal keys the lower number. */
export class CandidateHeap {
  #ids = new Int32Array(CAPACITY_MIN);
  #keys = new Float64Array(CAPACITY_MIN);
  #size = 0;

  push(id: number, key: number): void {
    if (this.#size === this.#ids.length) this.#grow();
    this.#rise(this.#size++, id, key);
  }

  /** The highest candidate; call only while there is one, like `topKey`. */
  get top(): number {
    return this.#ids[0]!;
  }

  get topKey(): number {
    return this.#keys[0]!;
  }

  get size(): number {
    return this.#size;
  }

  /** Gives the highest candidate a lower key. */
  lowerTop(key: number): void {
    this.#sink(this.top, key);
  }

  /** Takes the highest candidate out; undefined where there is none. */
  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const top = this.#ids[0]!;
    this.#size--;
    if (this.#size > 0) this.#sink(this.#ids[this.#size]!, this.#keys[this.#size]!);
    return top;
  }

  #rise(from: number, id: number, key: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!precedes(id, key, this.#ids[parent]!, this.#keys[parent]!)) break;
      this.#ids[place] = this.#ids[parent]!;
      this.#keys[place] = this.#keys[parent]!;
      place = parent;
    }
    this.#ids[place] = id;
    this.#keys[place] = key;
  }

  #sink(id: number, key: number): void {
    const [ids, keys, size] = [this.#ids, this.#keys, this.#size];
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      const other = child + 1;
      if (other < size && precedes(ids[other]!, keys[other]!, ids[child]!, keys[child]!))
        child = other;
      if (precedes(id, key, ids[child]!, keys[child]!)) break;
      ids[place] = ids[child]!;
      keys[place] = keys[child]!;
      place = child;
    }
    ids[place] = id;
    keys[place] = key;
  }

  #grow(): void {
    this.#ids = doubled(this.#ids);
    this.#keys = doubled(this.#keys);
  }
}

function precedes(id: number, key: number, otherId: number, otherKey: number): boolean {
  return key === otherKey ? id < otherId : key > otherKey;
}
