/**
 * Whole sizes from the targets of a volume, with the least movement. Sizes are counted in extents
 * of the volume; per process there are only doubles.
 */
import type { LoadModel } from "../load-model.ts";
import { indexesOf } from "./order.ts";
import type { ClassTargets } from "./targets.ts";
import type { TieOrder } from "./tie-order.ts";
import { handOut } from "./turns.ts";

export interface SettleOptions {
  readonly extents: number;
  readonly targets: ClassTargets;
  /** The tolerance that the targets' bounds come of. */
  readonly toleranceMicro: number;
  /** Extents that each process owns now, by process index. */
  readonly before: Float64Array;
  /** Of the volume. */
  readonly tie: TieOrder;
}

/**
 * Sizes within the bounds that sum up to T with the least movement: everyone comes inside its
 * bounds; what is then missing goes to the farthest below their targets, what is too much comes
 * from the farthest above. Without tolerance the bounds are floor and ceiling, so that the
 * distance is the remainder of the largest-remainder rule. With one, those that came inside go
 * first among equals: they change anyway, and the fewest others do.
 */
export function settledSizes(model: LoadModel, options: SettleOptions): Float64Array {
  const { before, targets, extents, tie, toleranceMicro } = options;
  const { classOf } = model;
  const { low, high, floor, fractionRank } = targets;
  const sizes = new Float64Array(before.length);
  let missing = extents;
  for (let i = 0; i < sizes.length; i++) {
    const kind = classOf[i]!;
    sizes[i] = Math.min(Math.max(before[i]!, low[kind]!), high[kind]!);
    // Subtracted one by one: sizes rounded up may add up to more than the exact integers hold.
    missing -= sizes[i]!;
  }
  if (missing === 0) return sizes;

  const growing = missing > 0;
  const room = (index: number) => {
    const kind = classOf[index]!;
    return growing ? high[kind]! - sizes[index]! : sizes[index]! - low[kind]!;
  };
  const compareBelow = (a: number, b: number) => {
    const [left, right] = [classOf[a]!, classOf[b]!];
    const difference = floor[right]! - sizes[b]! - (floor[left]! - sizes[a]!);
    return difference || fractionRank[right]! - fractionRank[left]!;
  };
  const changed = (index: number) => Number(toleranceMicro > 0 && sizes[index] !== before[index]);
  const compare = (a: number, b: number) =>
    (growing ? compareBelow(a, b) : compareBelow(b, a)) || changed(b) - changed(a);
  const candidates = indexesOf(sizes.length, (index) => room(index) > 0);
  handOut(Math.abs(missing), candidates, {
    ...{ compare, room },
    tie: (equals) => (growing ? tie(equals) : tie(equals).reverse()),
    give: (index, step) => {
      sizes[index] = sizes[index]! + (growing ? step : -step);
    },
  });
  return sizes;
}
