/**
 * Numbered candidates by rank, a small whole number: the highest rank comes out first, and of one
 * rank the last that came in. In and out in constant time, where a heap of a million would miss
 * the cache twenty times.
 */
import { doubled } from "../doubled.ts";

const WORD_BITS = 32;
const NONE = -1;

export class CandidateBuckets {
  /** The last entry of each rank, and in pairs, of each entry, its candidate and the entry before. */
  readonly #last: Int32Array;
  #pairs = new Int32Array(2048);
  #entries = 0;
  /** A bit for each rank that has a candidate; above #top there is none. */
  readonly #filled: Uint32Array;
  #top = 0;

  /** For ranks 0 … `ranks` − 1. */
  constructor(ranks: number) {
    this.#last = new Int32Array(ranks).fill(NONE);
    this.#filled = new Uint32Array(Math.ceil(ranks / WORD_BITS));
  }

  /** A candidate may be in here more than once. */
  push(candidate: number, rank: number): void {
    if (2 * this.#entries === this.#pairs.length) this.#pairs = doubled(this.#pairs);
    const entry = this.#entries++;
    this.#pairs[2 * entry] = candidate;
    this.#pairs[2 * entry + 1] = this.#last[rank]!;
    this.#last[rank] = entry;
    const word = Math.floor(rank / WORD_BITS);
    this.#filled[word] = this.#filled[word]! | (1 << (rank % WORD_BITS));
    if (word > this.#top) this.#top = word;
  }

  /** The highest rank that has a candidate; undefined where there is none. */
  topRank(): number | undefined {
    while (this.#filled[this.#top] === 0) {
      if (this.#top === 0) return undefined;
      this.#top--;
    }
    return (this.#top + 1) * WORD_BITS - 1 - Math.clz32(this.#filled[this.#top]!);
  }

  /** Takes the next candidate of a rank that has one. */
  pop(rank: number): number {
    const entry = this.#last[rank]!;
    const before = this.#pairs[2 * entry + 1]!;
    this.#last[rank] = before;
    if (before === NONE) {
      const word = Math.floor(rank / WORD_BITS);
      this.#filled[word] = this.#filled[word]! & ~(1 << (rank % WORD_BITS));
    }
    return this.#pairs[2 * entry]!;
  }
}
