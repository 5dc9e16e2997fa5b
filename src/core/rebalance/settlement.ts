/** What one volume has to move to come to its targets. */
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { type ClassTarget, classTargets, settledSizes } from "./targets.ts";

/** What a volume has to move, in extents, by process index. */
export interface Settlement {
  readonly volume: Volume;
  readonly targets: readonly ClassTarget[];
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly surplus: Float64Array;
  readonly need: Float64Array;
}

/** Addresses that a settlement moves. */
export function toMove({ surplus, volume }: Settlement): number {
  return surplus.reduce((sum, extents) => sum + extents, 0) * volume.extentBlocks;
}

/** What the targets ask of a volume; perhaps nothing. */
export function settle(model: LoadModel, volume: Volume, toleranceMicro: number): Settlement {
  const { extentBlocks, blockCount, id: volumeId } = volume;
  const extents = blockCount / extentBlocks;
  const before = countAddresses(model, [volume.map]).map((count) => count / extentBlocks);
  const targets = classTargets(model, { extents, linkWork: true, toleranceMicro });
  const after = settledSizes(model, { volumeId, extents, targets, before });
  return {
    volume,
    targets,
    before,
    after,
    surplus: before.map((size, index) => Math.max(0, size - after[index]!)),
    need: after.map((size, index) => Math.max(0, size - before[index]!)),
  };
}
