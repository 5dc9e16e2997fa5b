/** The load model once more, slowly and naively, to judge the planner by. All of it is exact. */
import { hash } from "node:crypto";
import { type ClusterState, effectiveState, linkOf } from "../../src/core/cluster-state.ts";
import type { CNodeId, Process, Volume } from "../../src/core/model.ts";

export interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

export const ratio = (over: bigint | number, under: bigint | number = 1n): Ratio => ({
  over: BigInt(over),
  under: BigInt(under),
});
export const plus = (a: Ratio, b: Ratio): Ratio =>
  ratio(a.over * b.under + b.over * a.under, a.under * b.under);
export const minus = (a: Ratio, b: Ratio): Ratio => plus(a, ratio(-b.over, b.under));
export const times = (a: Ratio, b: Ratio): Ratio => ratio(a.over * b.over, a.under * b.under);
export const less = (a: Ratio, b: Ratio): boolean => a.over * b.under < b.over * a.under;
export const sum = (ratios: readonly Ratio[]): Ratio => ratios.reduce(plus, ratio(0));
/** As near as a double comes, also where neither part has room in one. */
export const toNumber = (a: Ratio): number => Number((a.over << 64n) / a.under) / 2 ** 64;
/** For values that are not negative. */
export const floor = (a: Ratio): bigint => a.over / a.under;
export const ceiling = (a: Ratio): bigint => (a.over + a.under - 1n) / a.under;

export const isActive = (state: ClusterState, process: Process): boolean =>
  effectiveState(state, process) === "active";
export const isLinked = (state: ClusterState, process: Process): boolean =>
  linkOf(state, process) !== undefined;
export const weightOf = (process: Process): Ratio => ratio(process.weightMilli, 1000);

/** Link work of a process for `total` addresses (or extents). */
export function linkWorkOf(state: ClusterState, process: Process, total: number): Ratio {
  const processes = [...state.processes.values()];
  if (!isLinked(state, process)) return ratio(0);
  const holders = processes.filter((p) => isLinked(state, p)).length;
  const active = processes.filter((p) => isActive(state, p));
  const micro = state.settings.replicationCostMicro;
  const cost =
    micro === undefined
      ? ratio(active.filter((p) => isLinked(state, p)).length, Math.max(active.length, 1))
      : ratio(micro, 1_000_000);
  return times(cost, ratio(total, holders));
}

/** Exact targets in extents: without those whose link work is above the level, until it holds. */
export function exactTargets(state: ClusterState, volume: Volume): Map<CNodeId, Ratio> {
  const extents = volume.blockCount / volume.extentBlocks;
  const all = [...state.processes.values()];
  let sharing = all.filter((process) => isActive(state, process));
  for (;;) {
    const works = sharing.map((process) => linkWorkOf(state, process, extents));
    const level = plus(ratio(extents), sum(works));
    const weight = sum(sharing.map(weightOf));
    const targets = sharing.map((process, i) => {
      const part = times(level, weightOf(process));
      return minus(ratio(part.over * weight.under, part.under * weight.over), works[i]!);
    });
    if (targets.every((target) => target.over * target.under >= 0n)) {
      const shares = new Map(sharing.map((process, i) => [process.cNodeId, targets[i]!]));
      return new Map(all.map(({ cNodeId }) => [cNodeId, shares.get(cNodeId) ?? ratio(0)]));
    }
    sharing = sharing.filter((_, i) => targets[i]!.over >= 0n);
  }
}

/**
 * Target ± tolerance in whole extents, but at least from its floor to its ceiling; exactly nothing
 * for the draining.
 */
export function exactBounds(state: ClusterState, volume: Volume, toleranceMicro: number) {
  const processes = [...state.processes.values()];
  const active = processes.filter((process) => isActive(state, process));
  const extents = BigInt(volume.blockCount / volume.extentBlocks);
  const slack = ratio(BigInt(toleranceMicro) * extents, 1_000_000n * BigInt(active.length));
  const targets = exactTargets(state, volume);
  const least = (a: bigint, b: bigint) => Number(a < b ? a : b);
  return new Map(
    processes.map((process) => {
      if (!active.includes(process)) return [process.cNodeId, { low: 0, high: 0 }];
      const target = targets.get(process.cNodeId)!;
      const lowest = less(target, slack) ? ratio(0) : minus(target, slack);
      const low = least(floor(target), ceiling(lowest));
      const high = -least(-ceiling(target), -floor(plus(target, slack)));
      return [process.cNodeId, { low, high }];
    }),
  );
}

/** Extents that each C-node owns. */
export function sizesOf(state: ClusterState, { map, extentBlocks }: Volume): Map<CNodeId, number> {
  return new Map(
    [...state.processes.values()].map(({ cNodeId }) => [
      cNodeId,
      map.sizeOf(cNodeId) / extentBlocks,
    ]),
  );
}

export const tieHash = (volume: Volume, cNodeId: CNodeId): string =>
  hash("sha256", `${volume.id}\t${cNodeId}`, "hex");

/** Σ weight · (load − mean)² over the active processes, in addresses. */
export function spreadOf(
  state: ClusterState,
  { blockCount }: Volume,
  sizeOf: (cNodeId: CNodeId) => number,
): Ratio {
  const active = [...state.processes.values()].filter((process) => isActive(state, process));
  const works = active.map((process) =>
    plus(ratio(sizeOf(process.cNodeId)), linkWorkOf(state, process, blockCount)),
  );
  const [work, weight] = [sum(works), sum(active.map(weightOf))];
  const mean = ratio(work.over * weight.under, work.under * weight.over);
  return sum(
    active.map((process, i) => {
      const load = times(works[i]!, ratio(1000, process.weightMilli));
      const distance = minus(load, mean);
      return times(weightOf(process), times(distance, distance));
    }),
  );
}
