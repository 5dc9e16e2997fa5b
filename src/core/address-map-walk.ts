/** Ways through the chunks of an address map: for a change, and for a comparison. */
import type { Chunk, ChunkBuilder, OwnerTable } from "./address-map-chunks.ts";
import type { CNodeId, OwnedRange } from "./model.ts";

/** Index of the last element ≤ value in an ascending array whose first element is ≤ value. */
export function lastAtOrBelow(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Goes through a map's chunks once, handing stretches of it to a builder, whole where it can. */
export class ChunkWalk {
  readonly #chunks: readonly Chunk[];
  readonly #builder: ChunkBuilder;
  #chunk = 0;
  #lba = 0;
  #opened = false;

  constructor(chunks: readonly Chunk[], builder: ChunkBuilder) {
    this.#chunks = chunks;
    this.#builder = builder;
  }

  copyUntil(end: number): void {
    this.#walk(end, true);
  }

  skipUntil(end: number): void {
    this.#walk(end, false);
  }

  #walk(end: number, copy: boolean): void {
    while (this.#lba < end) {
      const chunk = this.#chunks[this.#chunk]!;
      const wholeChunk = this.#lba === chunk.starts[0]! && chunk.end <= end;
      const stop = Math.min(end, chunk.end);
      if (wholeChunk && copy && !this.#opened) this.#builder.share(chunk);
      else this.#part(chunk, stop, copy);
      this.#lba = stop;
      if (stop === chunk.end) {
        this.#chunk++;
        this.#opened = false;
      }
    }
  }

  #part(chunk: Chunk, stop: number, copy: boolean): void {
    if (!this.#opened) this.#builder.forget(chunk);
    this.#opened = true;
    if (!copy) return;
    const { starts, owners } = chunk;
    for (let i = lastAtOrBelow(starts, this.#lba); i < starts.length && starts[i]! < stop; i++) {
      const rangeEnd = i + 1 < starts.length ? starts[i + 1]! : chunk.end;
      this.#builder.add(Math.max(starts[i]!, this.#lba), Math.min(rangeEnd, stop), owners[i]!);
    }
  }
}

/**
 * A position in a list of chunks, range by range. It is itself the range where it stands, because
 * an object for each of a million ranges would take as long as everything else.
 */
export class RangeCursor implements OwnedRange {
  readonly #chunks: readonly Chunk[];
  readonly #owners: OwnerTable;
  #chunk = 0;
  #index = 0;

  constructor(chunks: readonly Chunk[], owners: OwnerTable) {
    this.#chunks = chunks;
    this.#owners = owners;
  }

  get done(): boolean {
    return this.#chunk >= this.#chunks.length;
  }

  get firstLba(): number {
    return this.#chunks[this.#chunk]!.starts[this.#index]!;
  }

  get lastLba(): number {
    const { starts, end } = this.#chunks[this.#chunk]!;
    return (this.#index + 1 < starts.length ? starts[this.#index + 1]! : end) - 1;
  }

  get cNodeId(): CNodeId {
    return this.#owners.idOf(this.#chunks[this.#chunk]!.owners[this.#index]!);
  }

  advance(): void {
    this.#index++;
    if (this.#index < this.#chunks[this.#chunk]!.starts.length) return;
    this.#chunk++;
    this.#index = 0;
  }

  /** Where both cursors stand at the beginning of the very same chunk, passes it. */
  skipShared(other: RangeCursor): boolean {
    if (this.done || other.done || this.#index !== 0 || other.#index !== 0) return false;
    if (this.#chunks[this.#chunk] !== other.#chunks[other.#chunk]) return false;
    this.#chunk++;
    other.#chunk++;
    return true;
  }
}
