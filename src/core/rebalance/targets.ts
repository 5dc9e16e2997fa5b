/**
 * How much each class of processes should own of a volume: water-filling of the load model. Sizes
 * are counted in extents of the volume.
 */
import { type LoadModel, type ProcessClass, workOf } from "../load-model.ts";
import { MICRO } from "../model.ts";
import { ceilDivide, floorDivide } from "./rational.ts";

/**
 * The target of every process of a class, and the bounds that a size may settle between: columns
 * by class, since ten thousand sizes are held against them in each volume.
 */
export interface ClassTargets {
  /** The integer part of the exact target. */
  readonly floor: Float64Array;
  readonly ceiling: Float64Array;
  /** Orders the fractional parts of all classes; equal fractions have equal ranks. */
  readonly fractionRank: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
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
): ClassTargets {
  const targets = numerators.map((numerator) => numerator * BigInt(extents));
  const fractions = targets.map((target) => target % denominator);
  const fractionRank = ranksOf(fractions);
  const floor = Float64Array.from(targets, (target) => Number(target / denominator));
  const ceiling = floor.map((size, kind) => (fractions[kind] === 0n ? size : size + 1));
  if (toleranceMicro === 0) return { floor, ceiling, fractionRank, low: floor, high: ceiling };

  // Both sides of the bounds over one denominator: the target's, 1,000,000 and N.
  const share = BigInt(MICRO) * BigInt(model.processCount);
  const tolerance = BigInt(toleranceMicro) * BigInt(extents) * denominator;
  const isActive = (kind: number) => model.classes[kind]!.active;
  const low = floor.map((size, kind) => {
    const lowest = ceilDivide(targets[kind]! * share - tolerance, denominator * share);
    return isActive(kind) ? Math.max(0, Math.min(size, Number(lowest))) : 0;
  });
  const high = ceiling.map((size, kind) => {
    const highest = floorDivide(targets[kind]! * share + tolerance, denominator * share);
    return isActive(kind) ? Math.min(extents, Math.max(size, Number(highest))) : 0;
  });
  return { floor, ceiling, fractionRank, low, high };
}

/** By place: how many different ones are less. */
function ranksOf(fractions: readonly bigint[]): Float64Array {
  // Rounded they are still in order, so that the exact ones are only asked where two look alike.
  const rounded = Float64Array.from(fractions, Number);
  const compare = (a: number, b: number) =>
    rounded[a]! - rounded[b]! || Number(fractions[a]! - fractions[b]!);
  const order = [...fractions.keys()].sort(compare);
  const ranks = new Float64Array(fractions.length);
  for (let i = 1; i < order.length; i++) {
    const [before, place] = [order[i - 1]!, order[i]!];
    ranks[place] = ranks[before]! + (compare(before, place) === 0 ? 0 : 1);
  }
  return ranks;
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
