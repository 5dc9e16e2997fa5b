/**
 * How much each class of processes should own of a volume: water-filling of the load model. Sizes
 * are counted in extents of the volume.
 */
import { type LoadModel, type ProcessClass, workOf } from "../load-model.ts";
import { MICRO } from "../model.ts";
import { ceilDivide, floorDivide } from "./rational.ts";

/** The target of every process of one class, and the bounds that a size may settle between. */
export interface ClassTarget {
  /** The integer part of the exact target. */
  readonly floor: number;
  readonly ceiling: number;
  /** Orders the fractional parts of all classes; equal fractions have equal ranks. */
  readonly fractionRank: number;
  readonly low: number;
  readonly high: number;
}

/** The exact target of every class for each extent of a volume, as a fraction. */
export interface TargetShares {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

/**
 * By class: max(0, λ · weight − link work) for the level λ at which the targets sum up to T; 0 for
 * draining processes. Level and link work are in proportion to T, so that this is found once, for
 * T = 1. Needs an active process. `linkWork`: whether it counts; the first map of a volume goes by
 * weight alone.
 */
export function targetShares(model: LoadModel, { linkWork }: { linkWork: boolean }): TargetShares {
  const work = (kind: ProcessClass) => (linkWork ? workOf(model, kind, 0, 1) : 0n);
  const level = levelOf(model, work);
  const numerators = model.classes.map((kind) => {
    if (!kind.active) return 0n;
    const target = level.work * BigInt(kind.weightMilli) - work(kind) * level.weight;
    return target > 0n ? target : 0n;
  });
  return { numerators, denominator: model.scale * level.weight };
}

export interface TargetOptions {
  /** T in extents. */
  readonly extents: number;
  /** Millionths of the fair share T / N that a size may stay away from its target. */
  readonly toleranceMicro: number;
}

/** What the exact targets mean for whole extents. */
export function classTargets(
  model: LoadModel,
  { numerators, denominator }: TargetShares,
  { extents, toleranceMicro }: TargetOptions,
): ClassTarget[] {
  const targets = numerators.map((numerator) => numerator * BigInt(extents));
  const fractions = targets.map((target) => target % denominator);
  const distinct = [...new Set(fractions)].sort((a, b) => (a < b ? -1 : 1));
  const rankOf = new Map(distinct.map((fraction, rank) => [fraction, rank]));
  // Both sides of the bounds over one denominator: the target's, 1,000,000 and N.
  const share = BigInt(MICRO) * BigInt(model.processCount);
  const tolerance = BigInt(toleranceMicro) * BigInt(extents) * denominator;
  return targets.map((target, index) => {
    const fraction = fractions[index]!;
    const fractionRank = rankOf.get(fraction)!;
    if (!model.classes[index]!.active) {
      return { floor: 0, ceiling: 0, fractionRank, low: 0, high: 0 };
    }
    const floor = Number(target / denominator);
    const ceiling = fraction === 0n ? floor : floor + 1;
    if (toleranceMicro === 0) return { floor, ceiling, fractionRank, low: floor, high: ceiling };
    const lowest = ceilDivide(target * share - tolerance, denominator * share);
    const highest = floorDivide(target * share + tolerance, denominator * share);
    const low = Math.max(0, Math.min(floor, Number(lowest)));
    const high = Math.min(extents, Math.max(ceiling, Number(highest)));
    return { floor, ceiling, fractionRank, low, high };
  });
}

/** The level λ for T = 1 as work / weight, in units of 1 / scale per thousandth of weight. */
function levelOf(
  model: LoadModel,
  linkWorkOf: (kind: ProcessClass) => bigint,
): { work: bigint; weight: bigint } {
  // A class gets addresses once the level is above its link work: the least per weight first.
  const perWeight = (kind: ProcessClass) => [linkWorkOf(kind), BigInt(kind.weightMilli)] as const;
  const kinds = model.classes.filter((kind) => kind.active);
  kinds.sort((a, b) => {
    const [[workA, weightA], [workB, weightB]] = [perWeight(a), perWeight(b)];
    const difference = workA * weightB - workB * weightA;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  });
  let [work, weight] = [model.scale, 0n];
  for (const kind of kinds) {
    const [linkWork, kindWeight] = perWeight(kind);
    if (weight > 0n && work * kindWeight <= linkWork * weight) break;
    work += linkWork * BigInt(kind.count);
    weight += kindWeight * BigInt(kind.count);
  }
  return { work, weight };
}
