/** What one volume has to move to come to its targets. */
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { settledSizes } from "./settled-sizes.ts";
import { sumOf } from "./sums.ts";
import { type ClassTargets, classTargets, type TargetShares } from "./targets.ts";
import { type TieOrder, tieOrder } from "./tie-order.ts";

/** What sizes a plan aims at. */
export interface Aim {
  readonly shares: TargetShares;
  /** Millionths of the fair share T / N. */
  readonly toleranceMicro: number;
}

/** What a volume has to move, in extents, by process index. */
export interface Settlement {
  readonly volume: Volume;
  readonly targets: ClassTargets;
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly surplus: Float64Array;
  readonly need: Float64Array;
  /** Order among equals of the volume. */
  readonly tie: TieOrder;
}

/** Addresses that a settlement moves. */
export function toMove({ surplus, volume }: Settlement): number {
  return sumOf(surplus) * volume.extentBlocks;
}

/** Addresses that another aim would move. */
export function leastMovement(model: LoadModel, settlement: Settlement, aim: Aim): number {
  return movementInto(model, settlement, targetsOf(model, settlement.volume, aim));
}

/** Addresses that would move without a tolerance. */
export function fullMovement(model: LoadModel, settlement: Settlement): number {
  const { floor: low, ceiling: high } = settlement.targets;
  return movementInto(model, settlement, { low, high });
}

/** Everyone comes inside its bounds; the side that has more to move decides how much that is. */
function movementInto(
  { classOf }: LoadModel,
  { volume, before }: Settlement,
  { low, high }: Pick<ClassTargets, "low" | "high">,
): number {
  let [above, below] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    const kind = classOf[i]!;
    above += Math.max(0, before[i]! - high[kind]!);
    below += Math.max(0, low[kind]! - before[i]!);
  }
  return Math.max(above, below) * volume.extentBlocks;
}

/** What the targets ask of a volume; perhaps nothing. */
export function settle(model: LoadModel, volume: Volume, aim: Aim): Settlement {
  const { extentBlocks, blockCount } = volume;
  const { toleranceMicro } = aim;
  const extents = blockCount / extentBlocks;
  const before = countAddresses(model, [volume.map]);
  for (let i = 0; i < before.length; i++) before[i] = before[i]! / extentBlocks;
  const targets = targetsOf(model, volume, aim);
  const tie = tieOrder(model, volume.id);
  const after = settledSizes(model, { extents, targets, toleranceMicro, before, tie });
  const [surplus, need] = [excessOf(before, after), excessOf(after, before)];
  return { volume, targets, before, after, surplus, need, tie };
}

/** How much more each has here than there. */
function excessOf(here: Float64Array, there: Float64Array): Float64Array {
  const excess = new Float64Array(here.length);
  for (let i = 0; i < excess.length; i++) excess[i] = Math.max(0, here[i]! - there[i]!);
  return excess;
}

function targetsOf(
  model: LoadModel,
  { blockCount, extentBlocks }: Volume,
  { shares, toleranceMicro }: Aim,
): ClassTargets {
  return classTargets(model, shares, { extents: blockCount / extentBlocks, toleranceMicro });
}
