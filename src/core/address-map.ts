/**
 * One volume's part of the A2C table: every address 0 … blockCount − 1 has exactly one owner.
 *
 * The map is immutable. It is kept as a list of chunks of at most CHUNK_RANGES_MAX ranges in
 * typed arrays; a change copies the chunks it touches and shares the others, so a million ranges
 * take about 12 MB and a change costs as much as it changes. A range is stored by its first
 * address alone: it ends where the next one begins, so a gap or an overlap cannot be expressed.
 * Neighbouring ranges never have the same owner (canonical form), across chunks too.
 */
import { type Chunk, ChunkBuilder, type ChunkList, OwnerTable } from "./address-map-chunks.ts";
import { ChunkWalk, lastAtOrBelow, RangeCursor } from "./address-map-walk.ts";
import { invariant } from "./errors.ts";
import { differenceOf, type MapDifference, paceOfComparison, sameRange } from "./map-difference.ts";
import type { CNodeId, OwnedRange } from "./model.ts";
import { columnsOf, type RangeColumns, rangeCount } from "./ranges.ts";
import { finish, type Pace, type Steps } from "./steps.ts";

/** A map as plain data, which another thread can begin with at once. */
export interface MapParts extends ChunkList {
  readonly owners: readonly CNodeId[];
}

/** The number of an owner that hasn't been looked up yet. */
const UNKNOWN = -1;

export class AddressMap {
  readonly #chunks: readonly Chunk[];
  readonly #owners: OwnerTable;
  readonly #sizes: Float64Array;
  readonly #rangeCounts: Uint32Array;
  readonly blockCount: number;
  readonly rangeCount: number;

  private constructor(owners: OwnerTable, { chunks, sizes, rangeCounts }: ChunkList) {
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
    return AddressMap.ofColumns(columnsOf(ranges), replaces);
  }

  /** The same from columns, which a million ranges had better be in. */
  static ofColumns(columns: RangeColumns, replaces?: AddressMap): AddressMap {
    const owners = replaces ? replaces.#owners : new OwnerTable();
    const ownerOf = columns.owners.map((cNodeId) => owners.indexOf(cNodeId));
    const builder = new ChunkBuilder();
    let next = 0;
    for (let i = 0; i < rangeCount(columns); i++) {
      const [first, last] = [columns.firstLba[i]!, columns.lastLba[i]!];
      if (first !== next || last < first) invariant(false, `ranges must join at ${next}`);
      builder.add(first, last + 1, ownerOf[columns.owner[i]!]!);
      next = last + 1;
    }
    invariant(next > 0, "a map has at least one address");
    return new AddressMap(owners, builder.finish());
  }

  /** What `parts` told, once more: it is not looked at again. */
  static ofParts({ owners, ...chunks }: MapParts): AddressMap {
    return new AddressMap(new OwnerTable(owners), chunks);
  }

  /** What it is made of. */
  parts(): MapParts {
    return {
      owners: this.#owners.ids(),
      chunks: this.#chunks,
      sizes: this.#sizes,
      rangeCounts: this.#rangeCounts,
    };
  }

  /** The map with `ranges` (in address order, disjoint, inside the volume) given to new owners. */
  paint(ranges: Iterable<OwnedRange>): AddressMap {
    return this.paintColumns(columnsOf(ranges));
  }

  /** The same from columns, which a million ranges had better be in. */
  paintColumns(columns: RangeColumns): AddressMap {
    const builder = new ChunkBuilder(this.#sizes, this.#rangeCounts);
    const walk = new ChunkWalk(this.#chunks, builder);
    const ownerOf = new Int32Array(columns.owners.length).fill(UNKNOWN);
    let next = 0;
    for (let i = 0; i < rangeCount(columns); i++) {
      const [first, last, owner] = [columns.firstLba[i]!, columns.lastLba[i]!, columns.owner[i]!];
      if (first < next || last < first) invariant(false, "painted ranges are in address order");
      if (last >= this.blockCount) invariant(false, "painted ranges are inside the volume");
      if (ownerOf[owner] === UNKNOWN) ownerOf[owner] = this.#owners.indexOf(columns.owners[owner]!);
      walk.copyUntil(first);
      builder.add(first, last + 1, ownerOf[owner]!);
      walk.skipUntil(last + 1);
      next = last + 1;
    }
    walk.copyUntil(this.blockCount);
    return new AddressMap(this.#owners, builder.finish());
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
    return new AddressMap(this.#owners, builder.finish());
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

  /** The C-nodes by number, some of which may own nothing any more. */
  owners(): readonly CNodeId[] {
    return this.#owners.ids();
  }

  /** The number of addresses of each of `owners`; shorter where the last ones have none. */
  sizesByOwner(): Readonly<Float64Array> {
    return this.#sizes;
  }

  /** Whether every address has the same owner in both; ends at the first that has not. */
  equals(other: AddressMap): boolean {
    if (other.rangeCount !== this.rangeCount) return false;
    const [a, b] = [this.#cursor(), other.#cursor()];
    while (!a.done && !b.done) {
      if (a.skipShared(b)) continue;
      if (!sameRange(a, b)) return false;
      a.advance();
      b.advance();
    }
    return a.done && b.done;
  }

  /** What differs in `after`; chunks that both share are skipped, not looked at. */
  difference(after: AddressMap): MapDifference {
    return finish(this.differenceInSteps(after, paceOfComparison()));
  }

  differenceInSteps(after: AddressMap, pace: Pace): Steps<MapDifference> {
    return differenceOf(this.#cursor(), after.#cursor(), pace);
  }

  #cursor(): RangeCursor {
    return new RangeCursor(this.#chunks, this.#owners);
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
