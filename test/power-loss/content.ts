export type Change =
  | { readonly kind: "write"; readonly offset: number; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly size: number };

/** A file's bytes, which grow. */
export class Content {
  #bytes: Buffer;
  #size: number;

  constructor(bytes = Buffer.alloc(0)) {
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  copy(): Content {
    return new Content(Buffer.from(this.bytes));
  }

  apply(changes: readonly Change[]): this {
    for (const change of changes) {
      if (change.kind === "truncate") {
        this.#resize(change.size);
        continue;
      }
      const { offset, data } = change;
      this.#resize(Math.max(this.#size, offset + data.length));
      data.copy(this.#bytes, offset);
    }
    return this;
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const larger = Buffer.alloc(size * 2);
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    // What is cut off must not come back when it grows again.
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }
}
