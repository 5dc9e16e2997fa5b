/** What a tolerance keeps from moving, and at which one something would move. */
import type { LoadModel } from "../load-model.ts";
import { MICRO } from "../model.ts";
import { fullMovement, leastMovement, type Settlement } from "./settlement.ts";
import type { TargetShares } from "./targets.ts";
import type { Explanation } from "./types.ts";

interface Tolerated {
  readonly shares: TargetShares;
  readonly toleranceMicro: number;
  /** What moves at this tolerance, without a budget. */
  readonly minimumMovedAddresses: number;
  /** In addresses; absent: as many as it takes. */
  readonly budget: number | undefined;
}

export function whatToleranceHolds(
  model: LoadModel,
  settlements: readonly Settlement[],
  { shares, toleranceMicro, minimumMovedAddresses, budget }: Tolerated,
): Explanation | undefined {
  if (toleranceMicro === 0) return undefined;
  let [full, actingMicro] = [0, 0];
  for (const settlement of settlements) {
    full += fullMovement(model, settlement);
    if (minimumMovedAddresses > 0) continue;
    actingMicro = Math.max(actingMicro, largestActing(model, settlement, shares));
  }
  if (full === minimumMovedAddresses) return undefined;

  const held = `the tolerance of ${toleranceMicro / MICRO}`;
  if (minimumMovedAddresses > 0) {
    const kept = full - minimumMovedAddresses;
    const { would, counterfactual } = otherwise(0, full, budget);
    const detail = `${held} keeps ${kept} addresses in place; ${would}`;
    return { code: "tolerance-held-back", detail, counterfactual };
  }
  const shownMicro = toTwoDigits(actingMicro);
  const amount = settlements.reduce(
    (sum, settlement) =>
      sum + leastMovement(model, settlement, { shares, toleranceMicro: shownMicro }),
    0,
  );
  const { would, counterfactual } = otherwise(shownMicro / MICRO, amount, budget);
  const detail = `every C-node is within ${held} around its target share; ${would}`;
  return { code: "within-tolerance", detail, counterfactual };
}

/** What would move at another tolerance, and with the budget for it where there is too little. */
function otherwise(tolerance: number, movedAddresses: number, budget: number | undefined) {
  const would = `it would move ${movedAddresses} addresses at tolerance ${tolerance}`;
  if (budget === undefined || budget >= movedAddresses) {
    return { would, counterfactual: { tolerance, movedAddresses } };
  }
  return {
    would: `${would} with a budget of as many`,
    counterfactual: { tolerance, maxMovedAddresses: movedAddresses, movedAddresses },
  };
}

/** Rounded down: just at the edge, a single address would move. */
function toTwoDigits(micro: number): number {
  return micro - (micro % 10 ** Math.max(0, String(micro).length - 2));
}

/**
 * The largest tolerance, in millionths, that leaves somebody of the volume outside its bounds;
 * 0 where nobody is. Only the smallest and the largest size of each class can be the farthest.
 */
function largestActing(
  model: LoadModel,
  { volume, targets, before }: Settlement,
  { numerators, denominator }: TargetShares,
): number {
  const extents = volume.blockCount / volume.extentBlocks;
  const units = BigInt(MICRO) * BigInt(model.processCount);
  let largest = 0n;
  for (const [index, size] of extremesOf(model, before)) {
    if (size >= targets.floor[index]! && size <= targets.ceiling[index]!) continue;
    const difference = BigInt(size) * denominator - numerators[index]! * BigInt(extents);
    const distance = difference < 0n ? -difference : difference;
    // Outside as long as tolerance · T / N is less than the distance to the target.
    const acting = (distance * units - 1n) / (BigInt(extents) * denominator);
    if (acting > largest) largest = acting;
  }
  return Number(largest);
}

/** The least and the greatest size of each class of active processes. */
function extremesOf(model: LoadModel, sizes: Float64Array): (readonly [number, number])[] {
  const least = new Float64Array(model.classes.length).fill(Number.POSITIVE_INFINITY);
  const greatest = new Float64Array(model.classes.length);
  for (let i = 0; i < sizes.length; i++) {
    const kind = model.classOf[i]!;
    least[kind] = Math.min(least[kind]!, sizes[i]!);
    greatest[kind] = Math.max(greatest[kind]!, sizes[i]!);
  }
  return model.classes.flatMap(({ active }, index) =>
    active ? [[index, least[index]!] as const, [index, greatest[index]!] as const] : [],
  );
}
