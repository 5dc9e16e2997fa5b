/** What one volume has to move to come to its targets. */
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { settledSizes } from "./settled-sizes.ts";
import { sumOf } from "./sums.ts";
import { type ClassTarget, classTargets, type TargetShares } from "./targets.ts";

/** What sizes a plan aims at. */
export interface Aim {
  readonly shares: TargetShares;
  /** Millionths of the fair share T / N. */
  readonly toleranceMicro: number;
}

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
  return sumOf(surplus) * volume.extentBlocks;
}

/** By process index, added up over volumes; in addresses. */
export function sumOver(
  model: LoadModel,
  settlements: readonly Settlement[],
  extentsOf: (settlement: Settlement, index: number) => number,
): Float64Array {
  const sums = new Float64Array(model.processes.length);
  for (const settlement of settlements) {
    for (let i = 0; i < sums.length; i++) {
      sums[i] = sums[i]! + extentsOf(settlement, i) * settlement.volume.extentBlocks;
    }
  }
  return sums;
}

/**
 * Addresses that another aim would move: everyone comes inside its bounds,
 * and the side that has more to move decides how much that is.
 */
export function leastMovement(model: LoadModel, { volume, before }: Settlement, aim: Aim): number {
  const targets = targetsOf(model, volume, aim);
  let [above, below] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    const { low, high } = targets[model.classOf[i]!]!;
    above += Math.max(0, before[i]! - high);
    below += Math.max(0, low - before[i]!);
  }
  return Math.max(above, below) * volume.extentBlocks;
}

/** What the targets ask of a volume; perhaps nothing. */
export function settle(model: LoadModel, volume: Volume, aim: Aim): Settlement {
  const { extentBlocks, blockCount, id: volumeId } = volume;
  const { toleranceMicro } = aim;
  const extents = blockCount / extentBlocks;
  const before = countAddresses(model, [volume.map]).map((count) => count / extentBlocks);
  const targets = targetsOf(model, volume, aim);
  const after = settledSizes(model, { volumeId, extents, targets, toleranceMicro, before });
  return {
    volume,
    targets,
    before,
    after,
    surplus: before.map((size, index) => Math.max(0, size - after[index]!)),
    need: after.map((size, index) => Math.max(0, size - before[index]!)),
  };
}

function targetsOf(
  model: LoadModel,
  { blockCount, extentBlocks }: Volume,
  { shares, toleranceMicro }: Aim,
): ClassTarget[] {
  return classTargets(model, shares, { extents: blockCount / extentBlocks, toleranceMicro });
}
