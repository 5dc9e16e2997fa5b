import type { CNodeId, VolumeId } from "../model.ts";
import type { MoveColumns } from "./move-list.ts";

/** The moves of a volume while a plan is made: in address order, each process by its index. */
export interface VolumeMoves {
  readonly firstLba: Float64Array;
  readonly lastLba: Float64Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** Gathers the moves of a volume, of which there are at most `capacity`. */
export class VolumeMovesBuilder {
  readonly #firstLba: Float64Array;
  readonly #lastLba: Float64Array;
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#firstLba = new Float64Array(capacity);
    this.#lastLba = new Float64Array(capacity);
    this.#from = new Uint32Array(capacity);
    this.#to = new Uint32Array(capacity);
  }

  add(firstLba: number, lastLba: number, from: number, to: number): void {
    this.#firstLba[this.#count] = firstLba;
    this.#lastLba[this.#count] = lastLba;
    this.#from[this.#count] = from;
    this.#to[this.#count++] = to;
  }

  build(): VolumeMoves {
    return {
      firstLba: this.#firstLba.subarray(0, this.#count),
      lastLba: this.#lastLba.subarray(0, this.#count),
      from: this.#from.subarray(0, this.#count),
      to: this.#to.subarray(0, this.#count),
    };
  }
}

/** As they stand in a plan; `cNodeIds`: by process index. */
export function columnsOf(
  volumeId: VolumeId,
  moves: VolumeMoves,
  cNodeIds: readonly CNodeId[],
): MoveColumns {
  const volume = new Uint32Array(moves.firstLba.length);
  return { ...moves, volume, volumeIds: [volumeId], cNodeIds };
}

/** Addresses that move. */
export function addressesIn({ firstLba, lastLba }: VolumeMoves): number {
  let sum = 0;
  // The length first: a sum with an address in between could leave the exact integers.
  for (let i = 0; i < firstLba.length; i++) sum += lastLba[i]! - firstLba[i]! + 1;
  return sum;
}
