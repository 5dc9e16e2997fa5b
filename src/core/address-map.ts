/**
 * One volume's part of the A2C table: every address 0 … blockCount − 1 has exactly one owner.
 *
 * The map is immutable. It is kept as a list of chunks of at most CHUNK_RANGES_MAX ranges in
 * typed arrays; a change copies the chunks it touches and shares the others, so a million ranges
 * take about 12 MB and a change costs as much as it changes. A range is stored by its first
 * address alone: it ends where the next one begins, so a gap or an overlap cannot be expressed.
 * Neighbouring ranges never have the same owner (canonical form), across chunks too.
 */
import { type Chunk, ChunkBuilder, OwnerTable } from "./address-map-chunks.ts";
import { invariant } from "./errors.ts";
import type { CNodeId, OwnedRange } from "./model.ts";
import { type RangeColumns, RangeColumnsBuilder } from "./ranges.ts";

/** The canonical rows that left and that came between two maps. */
export interface MapDifference {
  readonly removed: RangeColumns;
  readonly added: RangeColumns;
}

export class AddressMap {
  readonly #chunks: readonly Chunk[];
  readonly #owners: OwnerTable;
  readonly #sizes: Float64Array;
  readonly #rangeCounts: Uint32Array;
  readonly blockCount: number;
  readonly rangeCount: number;

  private constructor(owners: OwnerTable, builder: ChunkBuilder) {
    const { chunks, sizes, rangeCounts } = builder.finish();
    this.#owners = owners;
    this.#chunks = chunks;
    this.#sizes = sizes;
    this.#rangeCounts = rangeCounts;
    this.blockCount = chunks.at(-1)!.end;
    this.rangeCount = chunks.reduce((sum, chunk) => sum + chunk.starts.length, 0);
  }

  /**
   * A map from ranges in address order that cover 0 … n − 1 without gap or overlap. Pass the map
   * that is being replaced, so that the two can be compared cheaply.
   */
  static of(ranges: Iterable<OwnedRange>, replaces?: AddressMap): AddressMap {
    const owners = replaces ? replaces.#owners : new OwnerTable();
    const builder = new ChunkBuilder();
    let next = 0;
    for (const { firstLba, lastLba, cNodeId } of ranges) {
      invariant(firstLba === next && lastLba >= firstLba, `ranges must join at ${next}`);
      builder.add(firstLba, lastLba + 1, owners.indexOf(cNodeId));
      next = lastLba + 1;
    }
    invariant(next > 0, "a map has at least one address");
    return new AddressMap(owners, builder);
  }

  /** The map with `ranges` (in address order, disjoint, inside the volume) given to new owners. */
  paint(ranges: Iterable<OwnedRange>): AddressMap {
    const builder = new ChunkBuilder(this.#sizes, this.#rangeCounts);
    const walk = new ChunkWalk(this.#chunks, builder);
    let next = 0;
    for (const { firstLba, lastLba, cNodeId } of ranges) {
      invariant(firstLba >= next && lastLba >= firstLba, "painted ranges are in address order");
      invariant(lastLba < this.blockCount, "painted ranges are inside the volume");
      walk.copyUntil(firstLba);
      builder.add(firstLba, lastLba + 1, this.#owners.indexOf(cNodeId));
      walk.skipUntil(lastLba + 1);
      next = lastLba + 1;
    }
    walk.copyUntil(this.blockCount);
    return new AddressMap(this.#owners, builder);
  }

  /** The map with `ranges`, which begin at `blockCount` and join, added at its end. */
  extend(ranges: Iterable<OwnedRange>): AddressMap {
    const builder = new ChunkBuilder(this.#sizes, this.#rangeCounts);
    new ChunkWalk(this.#chunks, builder).copyUntil(this.blockCount);
    let next = this.blockCount;
    for (const { firstLba, lastLba, cNodeId } of ranges) {
      invariant(firstLba === next && lastLba >= firstLba, `ranges must join at ${next}`);
      builder.add(firstLba, lastLba + 1, this.#owners.indexOf(cNodeId));
      next = lastLba + 1;
    }
    return new AddressMap(this.#owners, builder);
  }

  ownerAt(lba: number): CNodeId {
    invariant(lba >= 0 && lba < this.blockCount, `address ${lba} is inside the volume`);
    const chunk = this.#chunks[this.#chunkAt(lba)]!;
    return this.#owners.idOf(chunk.owners[lastAtOrBelow(chunk.starts, lba)]!);
  }

  /** The ranges that overlap `firstLba … lastLba`, in order and cut to it (¶41). */
  *ranges(firstLba = 0, lastLba = this.blockCount - 1): IterableIterator<OwnedRange> {
    for (let c = this.#chunkAt(firstLba); c < this.#chunks.length; c++) {
      const { starts, owners, end } = this.#chunks[c]!;
      const from = starts[0]! >= firstLba ? 0 : lastAtOrBelow(starts, firstLba);
      for (let i = from; i < starts.length; i++) {
        if (starts[i]! > lastLba) return;
        const last = (i + 1 < starts.length ? starts[i + 1]! : end) - 1;
        yield {
          firstLba: Math.max(starts[i]!, firstLba),
          lastLba: Math.min(last, lastLba),
          cNodeId: this.#owners.idOf(owners[i]!),
        };
      }
    }
  }

  /** All ranges in columns. `owners` may name C-nodes that own nothing any more. */
  columns(): RangeColumns {
    const firstLba = new Float64Array(this.rangeCount);
    const lastLba = new Float64Array(this.rangeCount);
    const owner = new Uint32Array(this.rangeCount);
    let offset = 0;
    for (const { starts, owners, end } of this.#chunks) {
      firstLba.set(starts, offset);
      owner.set(owners, offset);
      for (let i = 1; i < starts.length; i++) lastLba[offset + i - 1] = starts[i]! - 1;
      offset += starts.length;
      lastLba[offset - 1] = end - 1;
    }
    return { firstLba, lastLba, owner, owners: this.#owners.ids() };
  }

  /** Number of addresses that a C-node owns here. */
  sizeOf(cNodeId: CNodeId): number {
    return this.#sizes[this.#owners.find(cNodeId) ?? -1] ?? 0;
  }

  /** Number of ranges that a C-node owns here. */
  rangeCountOf(cNodeId: CNodeId): number {
    return this.#rangeCounts[this.#owners.find(cNodeId) ?? -1] ?? 0;
  }

  /** The C-nodes that own something here, with the number of their addresses. */
  *sizes(): IterableIterator<readonly [CNodeId, number]> {
    for (let i = 0; i < this.#sizes.length; i++) {
      if (this.#sizes[i]! > 0) yield [this.#owners.idOf(i), this.#sizes[i]!];
    }
  }

  /** What differs in `after`; chunks that both share are skipped, not looked at. */
  difference(after: AddressMap): MapDifference {
    const removed = new RangeColumnsBuilder();
    const added = new RangeColumnsBuilder();
    const a = new RangeCursor(this.#chunks, this.#owners);
    const b = new RangeCursor(after.#chunks, after.#owners);
    while (!a.done || !b.done) {
      if (a.skipShared(b)) continue;
      const [left, right] = [a.range(), b.range()];
      if (left && right && sameRange(left, right)) {
        a.advance();
        b.advance();
        continue;
      }
      const takeLeft = left && (!right || left.firstLba <= right.firstLba);
      const takeRight = right && (!left || right.firstLba <= left.firstLba);
      if (takeLeft) {
        removed.add(left);
        a.advance();
      }
      if (takeRight) {
        added.add(right);
        b.advance();
      }
    }
    return { removed: removed.build(), added: added.build() };
  }

  /** Index of the chunk that holds an address. */
  #chunkAt(lba: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#chunks[middle]!.starts[0]! <= lba) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function sameRange(a: OwnedRange, b: OwnedRange): boolean {
  return a.firstLba === b.firstLba && a.lastLba === b.lastLba && a.cNodeId === b.cNodeId;
}

/** Index of the last element ≤ value in an ascending array whose first element is ≤ value. */
function lastAtOrBelow(ascending: Float64Array, value: number): number {
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
class ChunkWalk {
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

/** A position in a list of chunks, range by range. */
class RangeCursor {
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

  range(): OwnedRange | undefined {
    if (this.done) return undefined;
    const { starts, owners, end } = this.#chunks[this.#chunk]!;
    const next = this.#index + 1 < starts.length ? starts[this.#index + 1]! : end;
    return {
      firstLba: starts[this.#index]!,
      lastLba: next - 1,
      cNodeId: this.#owners.idOf(owners[this.#index]!),
    };
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
