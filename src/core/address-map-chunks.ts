/** The parts an address map is made of: interned owners, chunks, and the builder of chunks. */
import type { CNodeId } from "./model.ts";

const CHUNK_RANGES_MAX = 4096;
/** A chunk below this size is joined with its neighbour, so that chunks don't crumble. */
const CHUNK_RANGES_MIN = 512;

/** Consecutive ranges. Two maps that hold the same chunk object hold the same ranges there. */
export interface Chunk {
  /** First address of each range, ascending. */
  readonly starts: Float64Array;
  /** Owner of each range, as an index into the map's owner table. */
  readonly owners: Uint32Array;
  /** One past the last address of the last range. */
  readonly end: number;
}

/** All chunks of a map, and how many addresses and ranges each owner has in them. */
export interface ChunkList {
  readonly chunks: readonly Chunk[];
  /** By owner index; shorter where the last owners have nothing. */
  readonly sizes: Float64Array;
  readonly rangeCounts: Uint32Array;
}

/**
 * C-node ids by small number. Only ever appended to, so all versions of a volume's map share it:
 * a number once given keeps its meaning.
 */
export class OwnerTable {
  readonly #ids: CNodeId[];
  /** Made when it is first asked for: whoever only reads a map needs none. */
  #indexes: Map<CNodeId, number> | undefined;

  constructor(ids: readonly CNodeId[] = []) {
    this.#ids = ids.slice();
  }

  indexOf(id: CNodeId): number {
    const known = this.find(id);
    if (known !== undefined) return known;
    const index = this.#ids.push(id) - 1;
    this.#indexes!.set(id, index);
    return index;
  }

  find(id: CNodeId): number | undefined {
    this.#indexes ??= new Map(this.#ids.map((known, index) => [known, index]));
    return this.#indexes.get(id);
  }

  idOf(index: number): CNodeId {
    return this.#ids[index]!;
  }

  /** By number. */
  ids(): readonly CNodeId[] {
    return this.#ids;
  }
}

/** Collects ranges in address order into canonical chunks, and keeps count of what each owns. */
export class ChunkBuilder {
  readonly #chunks: Chunk[] = [];
  /** The chunk that is open: its ranges so far, and the owner of the last. */
  readonly #starts = new Float64Array(CHUNK_RANGES_MAX);
  readonly #owners = new Uint32Array(CHUNK_RANGES_MAX);
  #open = 0;
  /** So many ranges make the open chunk a whole one. */
  #full = CHUNK_RANGES_MAX;
  #end = 0;
  #sizes: Float64Array;
  #rangeCounts: Uint32Array;

  /** Starts from the counts of the map whose chunks will be shared; from none for a new map. */
  constructor(
    sizes: Float64Array = new Float64Array(0),
    rangeCounts: Uint32Array = new Uint32Array(0),
  ) {
    this.#sizes = sizes.slice();
    this.#rangeCounts = rangeCounts.slice();
  }

  /** Adds start … end − 1, which must begin where the last range ended. */
  add(start: number, end: number, owner: number): void {
    if (this.#open === 0) this.#reopenLast(owner);
    if (this.#open === 0 || this.#owners[this.#open - 1] !== owner) {
      if (this.#open === this.#full) this.#flush();
      this.#starts[this.#open] = start;
      this.#owners[this.#open++] = owner;
    }
    this.#end = end;
  }

  /** Adds a chunk of the old map as it is, where it neither merges with nor follows a fragment. */
  share(chunk: Chunk): void {
    const open = this.#open;
    const lastOwner = open > 0 ? this.#owners[open - 1] : this.#chunks.at(-1)?.owners.at(-1);
    const isFragment = open > 0 && open < CHUNK_RANGES_MIN;
    if (lastOwner === chunk.owners[0] || isFragment) {
      this.forget(chunk);
      // In halves where they are too many for one: else what is left over is a fragment again,
      // which would be handed on from chunk to chunk through the whole map.
      const together = open + chunk.starts.length;
      if (isFragment && together > CHUNK_RANGES_MAX) this.#full = Math.ceil(together / 2);
      for (let i = 0; i < chunk.starts.length; i++) {
        const end = i + 1 < chunk.starts.length ? chunk.starts[i + 1]! : chunk.end;
        this.add(chunk.starts[i]!, end, chunk.owners[i]!);
      }
      this.#full = CHUNK_RANGES_MAX;
      return;
    }
    this.#flush();
    this.#chunks.push(chunk);
    this.#end = chunk.end;
  }

  /** Takes a chunk of the old map out of the counts; its ranges come back, if at all, by `add`. */
  forget(chunk: Chunk): void {
    this.#count(chunk, -1);
  }

  finish(): ChunkList {
    this.#flush();
    return { chunks: this.#chunks, sizes: this.#sizes, rangeCounts: this.#rangeCounts };
  }

  /** Goes on with the last chunk where the next range merges with it or it is a fragment. */
  #reopenLast(owner: number): void {
    const last = this.#chunks.at(-1);
    if (!last) return;
    if (last.owners.at(-1) !== owner && last.starts.length >= CHUNK_RANGES_MIN) return;
    this.#chunks.pop();
    this.forget(last);
    this.#starts.set(last.starts);
    this.#owners.set(last.owners);
    this.#open = last.starts.length;
  }

  #flush(): void {
    if (this.#open === 0) return;
    const chunk: Chunk = {
      starts: this.#starts.slice(0, this.#open),
      owners: this.#owners.slice(0, this.#open),
      end: this.#end,
    };
    this.#count(chunk, 1);
    this.#chunks.push(chunk);
    this.#open = 0;
  }

  #count({ starts, owners, end }: Chunk, sign: 1 | -1): void {
    this.#fit(owners);
    for (let i = 0; i < starts.length; i++) {
      const owner = owners[i]!;
      const length = (i + 1 < starts.length ? starts[i + 1]! : end) - starts[i]!;
      this.#sizes[owner] = this.#sizes[owner]! + sign * length;
      this.#rangeCounts[owner] = this.#rangeCounts[owner]! + sign;
    }
  }

  #fit(owners: Uint32Array): void {
    let needed = this.#sizes.length;
    for (const owner of owners) if (owner >= needed) needed = owner + 1;
    if (needed === this.#sizes.length) return;
    const [sizes, rangeCounts] = [new Float64Array(needed), new Uint32Array(needed)];
    sizes.set(this.#sizes);
    rangeCounts.set(this.#rangeCounts);
    this.#sizes = sizes;
    this.#rangeCounts = rangeCounts;
  }
}
