import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { clusterImbalance } from "../../src/core/imbalance.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { clusterArbitrary, clusterOf, figureCluster } from "../support/cluster.ts";
import {
  isActive,
  less,
  linkWorkOf,
  plus,
  type Ratio,
  ratio,
  sum,
  times,
  weightOf,
} from "../support/exact-model.ts";

const number = ({ over, under }: Ratio) => Number((over * 10n ** 18n) / under) / 1e18;

function naiveImbalance(state: ClusterState): number {
  const volumes = [...state.volumes.values()];
  const total = volumes.reduce((blocks, { blockCount }) => blocks + blockCount, 0);
  const active = [...state.processes.values()].filter((process) => isActive(state, process));
  const works = active.map((process) => {
    const owned = volumes.reduce((blocks, { map }) => blocks + map.sizeOf(process.cNodeId), 0);
    return plus(ratio(owned), linkWorkOf(state, process, total));
  });
  const work = sum(works);
  if (work.over === 0n) return 1;
  const weight = sum(active.map(weightOf));
  const loads = works.map((each, i) => times(each, ratio(1000, active[i]!.weightMilli)));
  const largest = loads.reduce((a, b) => (less(a, b) ? b : a));
  return number(times(largest, ratio(weight.over * work.under, weight.under * work.over)));
}

test("imbalance is max load over mean load, over all volumes", () => {
  fc.assert(
    fc.property(clusterArbitrary(), (state) => {
      const expected = naiveImbalance(state);
      expect(clusterImbalance(state)).toBeCloseTo(expected, 9);
      expect(planRebalance(state, { strategy: "equalize" }).imbalance.before).toBe(
        clusterImbalance(state),
      );
    }),
    { numRuns: 300 },
  );
});

test("a settled table is even but for rounding, unless link work alone exceeds the level", () => {
  const shape = { weights: false, draining: false, volumesMax: 1, extentBlocksMax: 1 };
  fc.assert(
    fc.property(clusterArbitrary(shape), (state) => {
      fc.pre(state.settings.replicationCostMicro === undefined);
      const { imbalance, processes } = planRebalance(state, { strategy: "equalize" });
      const loads = processes.map(({ loadAfter }) => loadAfter);
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(2);
      expect(imbalance.after).toBeLessThanOrEqual(imbalance.before + 1e-12);
    }),
  );
});

test("the worked example", () => {
  expect(clusterImbalance(figureCluster()).toFixed(3)).toBe("1.206");
});

test("1 where there is no work: no process, no volume, nothing on active ones", () => {
  expect(clusterImbalance(clusterOf({ processes: [] }))).toBe(1);
  expect(clusterImbalance(clusterOf({ processes: [{ id: "A", linked: true }] }))).toBe(1);
  const elsewhere = clusterOf({
    processes: [{ id: "A" }, { id: "B", draining: true }],
    volumes: [{ id: "v", blockCount: 10, ranges: [["c-B", 10]] }],
  });
  expect(clusterImbalance(elsewhere)).toBe(1);
});

test("links that draining processes hold count among L, not among N_R", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "D", linked: true, draining: true }],
    volumes: [
      {
        id: "v",
        blockCount: 100,
        ranges: [
          ["c-A", 50],
          ["c-B", 100],
        ],
      },
    ],
  });
  // ρ = 1 / 2, and each of two holders carries half of ρ · 100: A works 75, B 50.
  expect(clusterImbalance(state)).toBeCloseTo(75 / 62.5, 12);
});

test("weights divide the work", () => {
  const state = clusterOf({
    processes: [
      { id: "A", weightMilli: 3000 },
      { id: "B", weightMilli: 1000 },
    ],
    volumes: [
      {
        id: "v",
        blockCount: 100,
        ranges: [
          ["c-A", 50],
          ["c-B", 100],
        ],
      },
    ],
  });
  expect(clusterImbalance(state)).toBe(2);
  const { processes } = planRebalance(state, { strategy: "equalize" });
  expect(processes.map(({ loadBefore }) => loadBefore)).toEqual([50 / 3, 50]);
  expect(processes.map(({ addressesAfter }) => addressesAfter)).toEqual([75, 25]);
});

test("nothing is lost at 2^53 − 1", () => {
  const largest = Number.MAX_SAFE_INTEGER;
  const state = clusterOf({
    processes: [{ id: "A" }, { id: "B" }],
    volumes: [
      {
        id: "v",
        blockCount: largest,
        ranges: [
          ["c-A", largest - 1],
          ["c-B", largest],
        ],
      },
    ],
  });
  const plan = planRebalance(state, { strategy: "equalize" });
  const sizes = plan.processes.map(({ addressesAfter }) => addressesAfter);
  expect(sizes.toSorted((a, b) => a - b)).toEqual([2 ** 52 - 1, 2 ** 52]);
  // A had more, so the odd address stays with it.
  expect(sizes[0]).toBe(2 ** 52);
  expect(plan.imbalance.before).toBeCloseTo(2, 12);
});
