/**
 * How much each process should own of a volume. Sizes are counted in extents of the volume.
 * Exact targets come from water-filling the load model; `settledSizes` makes integers of them
 * with the least movement. Both reckon once a class; per process there are only doubles.
 */
import { hash } from "node:crypto";
import { type LoadModel, type ProcessClass, workOf } from "../load-model.ts";
import { MICRO, type VolumeId } from "../model.ts";
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

export interface SettleOptions {
  readonly volumeId: VolumeId;
  readonly extents: number;
  readonly targets: readonly ClassTarget[];
  /** Extents that each process owns now, by process index. */
  readonly before: Float64Array;
}

/**
 * Sizes within the bounds that sum up to T with the least movement: everyone comes inside its
 * bounds; what is then missing goes to the farthest below their targets, what is too much comes
 * from the farthest above. Among equals those that came inside change anyway, and go first, so
 * that the fewest others change. Without tolerance the bounds are floor and ceiling, so that the
 * distance is the remainder of the largest-remainder rule, which knows no such difference.
 */
export function settledSizes(model: LoadModel, options: SettleOptions): Float64Array {
  const { before, targets, extents } = options;
  const targetOf = (index: number) => targets[model.classOf[index]!]!;
  const sizes = before.map((size, index) => {
    const { low, high } = targetOf(index);
    return Math.min(Math.max(size, low), high);
  });
  // Subtracted one by one: sizes rounded up may add up to more than the exact integers hold.
  let missing = sizes.reduce((rest, size) => rest - size, extents);
  if (missing === 0) return sizes;

  const growing = missing > 0;
  const room = (index: number) =>
    growing ? targetOf(index).high - sizes[index]! : sizes[index]! - targetOf(index).low;
  const candidates = [...sizes.keys()].filter((index) => room(index) > 0);
  const beyondRounding = targets.some(({ low, high }) => high - low > 1);
  const changed = (index: number) => Number(beyondRounding && sizes[index] !== before[index]);
  const tie = tieOrder(model, options.volumeId);
  candidates.sort((a, b) => {
    const [left, right] = [targetOf(a), targetOf(b)];
    const farthestBelow =
      right.floor - sizes[b]! - (left.floor - sizes[a]!) || right.fractionRank - left.fractionRank;
    const farthest = growing ? farthestBelow : -farthestBelow;
    return farthest || changed(b) - changed(a) || (growing ? tie(a, b) : tie(b, a));
  });
  for (const index of candidates) {
    if (missing === 0) break;
    const step = Math.min(room(index), Math.abs(missing));
    sizes[index] = sizes[index]! + (growing ? step : -step);
    missing += growing ? -step : step;
  }
  return sizes;
}

/**
 * The last word among equals: the SHA-256 of `<volumeId>\t<cNodeId>`, lower first, so that a
 * thousand tiny volumes don't all land on the same few nodes.
 */
export function tieOrder(model: LoadModel, volumeId: VolumeId): (a: number, b: number) => number {
  const hashes = new Map<number, string>();
  const hashOf = (index: number) => {
    const known = hashes.get(index);
    if (known !== undefined) return known;
    const fresh = hash("sha256", `${volumeId}\t${model.processes[index]!.cNodeId}`, "hex");
    hashes.set(index, fresh);
    return fresh;
  };
  return (a, b) => (hashOf(a) < hashOf(b) ? -1 : 1);
}
