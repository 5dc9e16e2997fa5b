/**
 * Whole sizes from the targets of a volume, with the least movement. Sizes are counted in extents
 * of the volume; per process there are only doubles.
 */
import type { LoadModel } from "../load-model.ts";
import type { VolumeId } from "../model.ts";
import type { ClassTarget } from "./targets.ts";
import { handOut, tieOrder } from "./turns.ts";

export interface SettleOptions {
  readonly volumeId: VolumeId;
  readonly extents: number;
  readonly targets: readonly ClassTarget[];
  /** The tolerance that the targets' bounds come of. */
  readonly toleranceMicro: number;
  /** Extents that each process owns now, by process index. */
  readonly before: Float64Array;
}

/**
 * Sizes within the bounds that sum up to T with the least movement: everyone comes inside its
 * bounds; what is then missing goes to the farthest below their targets, what is too much comes
 * from the farthest above. Without tolerance the bounds are floor and ceiling, so that the
 * distance is the remainder of the largest-remainder rule. With one, those that came inside go
 * first among equals: they change anyway, and the fewest others do.
 */
export function settledSizes(model: LoadModel, options: SettleOptions): Float64Array {
  const { before, targets, extents, volumeId, toleranceMicro } = options;
  const targetOf = (index: number) => targets[model.classOf[index]!]!;
  const sizes = before.map((size, index) => {
    const { low, high } = targetOf(index);
    return Math.min(Math.max(size, low), high);
  });
  // Subtracted one by one: sizes rounded up may add up to more than the exact integers hold.
  const missing = sizes.reduce((rest, size) => rest - size, extents);
  if (missing === 0) return sizes;

  const growing = missing > 0;
  const room = (index: number) =>
    growing ? targetOf(index).high - sizes[index]! : sizes[index]! - targetOf(index).low;
  const changed = (index: number) => Number(toleranceMicro > 0 && sizes[index] !== before[index]);
  const compare = (a: number, b: number) => {
    const [left, right] = [targetOf(a), targetOf(b)];
    const farthestBelow =
      right.floor - sizes[b]! - (left.floor - sizes[a]!) || right.fractionRank - left.fractionRank;
    return (growing ? farthestBelow : -farthestBelow) || changed(b) - changed(a);
  };
  const candidates = [...sizes.keys()].filter((index) => room(index) > 0);
  const inTieOrder = tieOrder(model, volumeId);
  handOut(Math.abs(missing), candidates, {
    ...{ compare, room },
    tie: (equals) => (growing ? inTieOrder(equals) : inTieOrder(equals).reverse()),
    give: (index, step) => {
      sizes[index] = sizes[index]! + (growing ? step : -step);
    },
  });
  return sizes;
}
