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

export interface TargetOptions {
  /** T in extents. */
  readonly extents: number;
  /** Whether link work counts; the first map of a volume goes by weight alone. */
  readonly linkWork: boolean;
  /** Millionths of the fair share T / N that a size may stay away from its target. */
  readonly toleranceMicro: number;
}

/** The exact target of every class, as a fraction. */
export interface ExactTargets {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

/**
 * Targets by class: max(0, λ · weight − link work) for the level λ at which they sum up to T;
 * 0 for draining processes. Needs an active process. They are in proportion to T.
 */
export function exactTargets(
  model: LoadModel,
  { extents, linkWork }: Pick<TargetOptions, "extents" | "linkWork">,
): ExactTargets {
  const work = (kind: ProcessClass) => (linkWork ? workOf(model, kind, 0, extents) : 0n);
  const level = levelOf(model, extents, work);
  const numerators = model.classes.map((kind) => {
    if (!kind.active) return 0n;
    const target = level.work * BigInt(kind.weightMilli) - work(kind) * level.weight;
    return target > 0n ? target : 0n;
  });
  return { numerators, denominator: model.scale * level.weight };
}

/** What the exact targets mean for whole extents. */
export function classTargets(model: LoadModel, options: TargetOptions): ClassTarget[] {
  const { extents, toleranceMicro } = options;
  const { numerators: targets, denominator } = exactTargets(model, options);
  const fractions = [...new Set(targets.map((target) => target % denominator))];
  fractions.sort((a, b) => (a < b ? -1 : 1));
  const rankOf = new Map(fractions.map((fraction, rank) => [fraction, rank]));
  // Both sides of the bounds over one denominator: the target's, 1,000,000 and N.
  const share = BigInt(MICRO) * BigInt(model.processCount);
  const tolerance = BigInt(toleranceMicro) * BigInt(extents) * denominator;
  return targets.map((target, index) => {
    const fractionRank = rankOf.get(target % denominator)!;
    if (!model.classes[index]!.active) {
      return { floor: 0, ceiling: 0, fractionRank, low: 0, high: 0 };
    }
    const lowest = ceilDivide(target * share - tolerance, denominator * share);
    const highest = floorDivide(target * share + tolerance, denominator * share);
    const floor = Number(target / denominator);
    const ceiling = Number(ceilDivide(target, denominator));
    return {
      floor,
      ceiling,
      fractionRank,
      low: Math.max(0, Math.min(floor, Number(lowest))),
      high: Math.min(extents, Math.max(ceiling, Number(highest))),
    };
  });
}

/** The level λ as work / weight, in units of 1 / scale per thousandth of weight. */
function levelOf(
  model: LoadModel,
  extents: number,
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
  let [work, weight] = [BigInt(extents) * model.scale, 0n];
  for (const kind of kinds) {
    const [linkWork, kindWeight] = perWeight(kind);
    if (weight > 0n && work * kindWeight <= linkWork * weight) break;
    work += linkWork * BigInt(kind.count);
    weight += kindWeight * BigInt(kind.count);
  }
  return { work, weight };
}
