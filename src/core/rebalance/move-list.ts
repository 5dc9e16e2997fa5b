/**
 * Moves in columns. A plan may have a million of them: as objects they would take longer than the
 * plan itself, and handed to another thread they would stop the event loop for a second.
 */
import type { CNodeId, VolumeId } from "../model.ts";
import { type ListNumbers, Numbering } from "../numbering.ts";
import type { Move } from "./types.ts";

export interface MoveColumns {
  readonly firstLba: Float64Array;
  readonly lastLba: Float64Array;
  /** Index into `volumeIds`. */
  readonly volume: Uint32Array;
  readonly volumeIds: readonly VolumeId[];
  /** Indexes into `cNodeIds`. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly cNodeIds: readonly CNodeId[];
}

export function moveCount(columns: MoveColumns): number {
  return columns.firstLba.length;
}

/** What an array of moves can do, too. */
export interface Moves extends Iterable<Move> {
  readonly length: number;
  at(index: number): Move | undefined;
  slice(from: number, to: number): readonly Move[];
}

export class MoveList implements Moves {
  readonly columns: MoveColumns;

  constructor(columns: MoveColumns) {
    this.columns = columns;
  }

  static of(moves: Moves): MoveList {
    return moves instanceof MoveList ? moves : new MoveList(columnsOf(moves));
  }

  get length(): number {
    return moveCount(this.columns);
  }

  at(index: number): Move {
    const { firstLba, lastLba, volume, volumeIds, from, to, cNodeIds } = this.columns;
    return {
      volumeId: volumeIds[volume[index]!]!,
      firstLba: firstLba[index]!,
      lastLba: lastLba[index]!,
      fromCNodeId: cNodeIds[from[index]!]!,
      toCNodeId: cNodeIds[to[index]!]!,
    };
  }

  slice(from: number, to: number): Move[] {
    const count = Math.max(0, Math.min(to, this.length) - from);
    return Array.from({ length: count }, (_, i) => this.at(from + i));
  }

  *[Symbol.iterator](): IterableIterator<Move> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** What to hand over with the columns, which are empty afterwards, to another thread. */
export function moveBuffers({ firstLba, lastLba, volume, from, to }: MoveColumns): ArrayBuffer[] {
  return [firstLba, lastLba, volume, from, to].map((column) => column.buffer as ArrayBuffer);
}

/** Those from one index on to before another, or to the end: on the same buffers. */
export function movesBetween(columns: MoveColumns, from: number, to: number): MoveColumns {
  return {
    ...columns,
    firstLba: columns.firstLba.subarray(from, to),
    lastLba: columns.lastLba.subarray(from, to),
    volume: columns.volume.subarray(from, to),
    from: columns.from.subarray(from, to),
    to: columns.to.subarray(from, to),
  };
}

function columnsOf(moves: Moves): MoveColumns {
  const volumes = new Numbering<VolumeId>();
  const cNodes = new Numbering<CNodeId>();
  const columns = emptyColumns(moves.length, volumes.values, cNodes.values);
  let i = 0;
  for (const { volumeId, firstLba, lastLba, fromCNodeId, toCNodeId } of moves) {
    columns.firstLba[i] = firstLba;
    columns.lastLba[i] = lastLba;
    columns.volume[i] = volumes.numberOf(volumeId);
    columns.from[i] = cNodes.numberOf(fromCNodeId);
    columns.to[i] = cNodes.numberOf(toCNodeId);
    i++;
  }
  return columns;
}

function emptyColumns(
  length: number,
  volumeIds: readonly VolumeId[],
  cNodeIds: readonly CNodeId[],
): MoveColumns {
  return {
    firstLba: new Float64Array(length),
    lastLba: new Float64Array(length),
    volume: new Uint32Array(length),
    volumeIds,
    from: new Uint32Array(length),
    to: new Uint32Array(length),
    cNodeIds,
  };
}

/** One after another. Volumes and C-nodes are numbered as the moves name them. */
export function joinMoves(parts: readonly MoveColumns[]): MoveList {
  const volumes = new Numbering<VolumeId>();
  const cNodes = new Numbering<CNodeId>();
  const length = parts.reduce((sum, part) => sum + moveCount(part), 0);
  const columns = emptyColumns(length, volumes.values, cNodes.values);
  let offset = 0;
  for (const part of parts) {
    const count = moveCount(part);
    renumber(part, movesBetween(columns, offset, offset + count), {
      volumeOf: volumes.numbersOf(part.volumeIds),
      cNodeOf: cNodes.numbersOf(part.cNodeIds),
    });
    offset += count;
  }
  return new MoveList(columns);
}

interface Renumbering {
  readonly volumeOf: ListNumbers<VolumeId>;
  readonly cNodeOf: ListNumbers<CNodeId>;
}

function renumber(part: MoveColumns, into: MoveColumns, { volumeOf, cNodeOf }: Renumbering): void {
  const { firstLba, lastLba, volume, from, to } = into;
  firstLba.set(part.firstLba);
  lastLba.set(part.lastLba);
  for (let i = 0; i < volume.length; i++) {
    volume[i] = volumeOf.at(part.volume[i]!);
    from[i] = cNodeOf.at(part.from[i]!);
    to[i] = cNodeOf.at(part.to[i]!);
  }
}
