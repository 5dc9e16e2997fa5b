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

const NOTHING = new Float64Array(0);

/**
 * A position in a list of chunks, range by range. It is itself the range where it stands, because
 * an object for each of a million ranges would take as long as everything else.
 */
export class RangeCursor implements OwnedRange {
  readonly #chunks: readonly Chunk[];
  readonly #owners: OwnerTable;
  #next = 0;
  /** The chunk where it stands, at hand; none at the end. */
  #chunk: Chunk | undefined;
  #starts!: Float64Array;
  #index = 0;

  constructor(chunks: readonly Chunk[], owners: OwnerTable) {
    this.#chunks = chunks;
    this.#owners = owners;
    this.#enterNext();
  }

  get done(): boolean {
    return this.#chunk === undefined;
  }

  get firstLba(): number {
    return this.#starts[this.#index]!;
  }

  get lastLba(): number {
    const next = this.#index + 1;
    return (next < this.#starts.length ? this.#starts[next]! : this.#chunk!.end) - 1;
  }

  get cNodeId(): CNodeId {
    return this.#owners.idOf(this.owner);
  }

  /** By its number among `owners`. */
  get owner(): number {
    return this.#chunk!.owners[this.#index]!;
  }

  get owners(): readonly CNodeId[] {
    return this.#owners.ids();
  }

  advance(): void {
    this.#index++;
    if (this.#index === this.#starts.length) this.#enterNext();
  }

  /** Where both cursors stand at the beginning of the very same chunk, passes it. */
  skipShared(other: RangeCursor): boolean {
    if (this.#chunk !== other.#chunk || this.#index !== 0 || other.#index !== 0) return false;
    if (this.#chunk === undefined) return false;
    this.#enterNext();
    other.#enterNext();
    return true;
  }

  #enterNext(): void {
    this.#chunk = this.#chunks[this.#next++];
    this.#starts = this.#chunk?.starts ?? NOTHING;
    this.#index = 0;
  }
}
