/**
 * Moves in columns. A plan may have a million of them; handed to another thread as objects they
 * would stop the event loop for a second, as columns for some milliseconds.
 */
import type { CNodeId, VolumeId } from "../model.ts";
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

// A plain loop, because typed arrays are filled ten times slower from an iterable.
export function packMoves(moves: readonly Move[]): MoveColumns {
  const volumes = new Numbering<VolumeId>();
  const cNodes = new Numbering<CNodeId>();
  const columns: MoveColumns = {
    firstLba: new Float64Array(moves.length),
    lastLba: new Float64Array(moves.length),
    volume: new Uint32Array(moves.length),
    volumeIds: volumes.values,
    from: new Uint32Array(moves.length),
    to: new Uint32Array(moves.length),
    cNodeIds: cNodes.values,
  };
  for (const [i, move] of moves.entries()) {
    columns.firstLba[i] = move.firstLba;
    columns.lastLba[i] = move.lastLba;
    columns.volume[i] = volumes.numberOf(move.volumeId);
    columns.from[i] = cNodes.numberOf(move.fromCNodeId);
    columns.to[i] = cNodes.numberOf(move.toCNodeId);
  }
  return columns;
}

export function moveAt(columns: MoveColumns, index: number): Move {
  return {
    volumeId: columns.volumeIds[columns.volume[index]!]!,
    firstLba: columns.firstLba[index]!,
    lastLba: columns.lastLba[index]!,
    fromCNodeId: columns.cNodeIds[columns.from[index]!]!,
    toCNodeId: columns.cNodeIds[columns.to[index]!]!,
  };
}

export function unpackMoves(columns: MoveColumns): Move[] {
  return Array.from(columns.firstLba, (_, index) => moveAt(columns, index));
}

/** Numbers values in the order in which they first come. */
class Numbering<Value> {
  readonly values: Value[] = [];
  readonly #numbers = new Map<Value, number>();

  numberOf(value: Value): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return number;
  }
}
