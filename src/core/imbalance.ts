/** How uneven loads are, and whether a plan makes them more even (load-model.ts). */
import type { ClusterState } from "./cluster-state.ts";
import { countAddresses, type LoadModel, loadModelOf, workOf } from "./load-model.ts";
import {
  compareFractions,
  DOUBT,
  type Fraction,
  signOfSum,
  toNumber,
} from "./rebalance/rational.ts";

/**
 * Max load / mean load over the active processes, the mean being their total work over their
 * total weight; 1 where there is no work. Only the largest of each class can be the maximum.
 */
export function imbalanceOf(model: LoadModel, counts: Float64Array, total: number): number {
  const { classes, classOf } = model;
  const largest = new Float64Array(classes.length);
  // Over several volumes they may add up to more than the exact integers hold.
  let [owned, part] = [0n, 0];
  for (let i = 0; i < counts.length; i++) {
    const [kind, count] = [classOf[i]!, counts[i]!];
    largest[kind] = Math.max(largest[kind]!, count);
    if (!classes[kind]!.active) continue;
    if (part + count > Number.MAX_SAFE_INTEGER) {
      owned += BigInt(part);
      part = 0;
    }
    part += count;
  }
  owned += BigInt(part);
  let [linkHolders, weight] = [0, 0];
  for (const { active, linked, weightMilli, count } of classes) {
    if (!active) continue;
    if (linked) linkHolders += count;
    weight += weightMilli * count;
  }
  const linkWork = model.linkWorkPerAddress * BigInt(total) * BigInt(linkHolders);
  const work = owned * model.scale + linkWork;
  if (work === 0n) return 1;
  const maximum = highestLoad(model, largest, total);
  return toNumber({
    numerator: maximum.numerator * BigInt(weight),
    denominator: maximum.denominator * work,
  });
}

/** The highest load, in units per thousandth of weight, where each class owns at most `largest`. */
function highestLoad(model: LoadModel, largest: Float64Array, total: number): Fraction {
  const [scale, linkWork] = [Number(model.scale), Number(model.linkWorkPerAddress) * total];
  const estimates = new Float64Array(model.classes.length);
  let top = 0;
  for (let i = 0; i < estimates.length; i++) {
    const { active, linked, weightMilli } = model.classes[i]!;
    if (!active) continue;
    estimates[i] = (largest[i]! * scale + (linked ? linkWork : 0)) / weightMilli;
    top = Math.max(top, estimates[i]!);
  }
  let maximum: Fraction = { numerator: 0n, denominator: 1n };
  for (const [i, kind] of model.classes.entries()) {
    // Only where doubles can't tell are the exact ones asked, each of which takes a while.
    if (!kind.active || estimates[i]! < top * (1 - DOUBT)) continue;
    const numerator = workOf(model, kind, largest[i]!, total);
    const load = { numerator, denominator: BigInt(kind.weightMilli) };
    if (compareFractions(load, maximum) > 0) maximum = load;
  }
  return maximum;
}

/** Imbalance of the loads summed over all volumes, with the cluster's ρ or Eq. 1's. */
export function clusterImbalance(state: ClusterState): number {
  const model = loadModelOf(state);
  const volumes = [...state.volumes.values()];
  const total = volumes.reduce((sum, volume) => sum + volume.blockCount, 0);
  const maps = volumes.map(({ map }) => map);
  return imbalanceOf(model, countAddresses(model, maps), total);
}

/**
 * The no-op rule: whether Σ weight · (load − mean)² of a volume falls when each process gains
 * `changes` (addresses by process index; losses are negative). Addresses only go between active processes,
 * so mean and total stay, and Σ work² / weight decides; processes that keep theirs cancel out.
 */
export function lowersSpread(
  model: LoadModel,
  counts: Float64Array,
  total: number,
  changes: Float64Array,
): boolean {
  const byWeight = new Map<number, bigint>();
  for (const [index, change] of changes.entries()) {
    if (change === 0) continue;
    const kind = model.classes[model.classOf[index]!]!;
    const before = workOf(model, kind, counts[index]!, total);
    const after = before + BigInt(change) * model.scale;
    const sum = byWeight.get(kind.weightMilli) ?? 0n;
    byWeight.set(kind.weightMilli, sum + after * after - before * before);
  }
  const fractions = [...byWeight].map(([weightMilli, numerator]) => ({
    numerator,
    denominator: BigInt(weightMilli),
  }));
  return signOfSum(fractions) < 0;
}
