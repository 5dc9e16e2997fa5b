/** What a plan says of why it is as it is, held against what it does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Counterfactual, Plan, RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { clusterArbitrary, clusterOf, figureCluster } from "../support/cluster.ts";
import { exactTargets, plus, ratio, times, toNumber } from "../support/exact-model.ts";

const requests: fc.Arbitrary<RebalanceRequest> = fc.record({
  strategy: fc.constant("equalize" as const),
  toleranceMicro: fc.option(fc.nat({ max: 1_000_000 }), { nil: undefined }),
  maxMovedAddresses: fc.option(fc.nat({ max: 500_000 }), { nil: undefined }),
});

/** Sums of doubles of this size. */
const near = (value: number, size: number) => {
  return (other: number) => Math.abs(value - other) <= 1e-9 * (1 + size);
};

test("shares add up to the exact target, and to what the process ends with", () => {
  fc.assert(
    fc.property(clusterArbitrary(), requests, (state, request) => {
      const plan = planRebalance(state, request);
      const total = [...state.volumes.values()].reduce((sum, it) => sum + it.blockCount, 0);
      const ends = [...state.volumes.values()].reduce((sum, it) => sum + it.extentBlocks, 0);
      for (const { processId, addressesAfter, target, share } of plan.processes) {
        const { cNodeId } = state.processes.get(processId)!;
        const exact = [...state.volumes.values()]
          .map((it) => times(exactTargets(state, it).get(cNodeId)!, ratio(it.extentBlocks)))
          .reduce(plus, ratio(0));
        const { base, weight, linkWork, rounding, tolerance, budget } = share!;
        expect(target).toSatisfy(near(toNumber(exact), total));
        expect(base + weight + linkWork).toSatisfy(near(target!, total));
        expect(target! + rounding + tolerance + budget).toSatisfy(near(addressesAfter, total));
        expect(Math.abs(rounding)).toBeLessThan(ends);
        if (!request.toleranceMicro) expect(tolerance).toBe(0);
        if (request.maxMovedAddresses === undefined) expect(budget).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});

test("flows add up to what each process has more afterwards", () => {
  const flowRequests: fc.Arbitrary<RebalanceRequest> = fc.record({
    strategy: fc.constantFrom("pairwise" as const, "proportional" as const),
    transfer: fc.option(fc.record({ fractionMicro: fc.integer({ min: 1, max: 1_000_000 }) }), {
      nil: undefined,
    }),
    maxMovedAddresses: fc.option(fc.nat({ max: 500_000 }), { nil: undefined }),
    force: fc.constant(true),
  });
  let withParts = 0;
  fc.assert(
    fc.property(clusterArbitrary(), flowRequests, (state, request) => {
      const plan = planRebalance(state, request);
      const volumes = [...state.volumes.values()];
      const total = volumes.reduce((sum, it) => sum + it.blockCount, 0);
      // Each amount is rounded by less than an extent, also where nothing is left of it.
      const extents = volumes.reduce((sum, it) => sum + it.extentBlocks, 0);
      const most = extents * state.processes.size;
      for (const { addressesBefore, addressesAfter, flow } of plan.processes) {
        // Without links, or without processes that have none, nobody gives.
        if (!flow) continue;
        const { parts, exact, rounding, budget } = flow;
        if (parts > 0) withParts++;
        expect(exact + rounding + budget).toSatisfy(near(addressesAfter - addressesBefore, total));
        expect(Math.abs(rounding)).toBeLessThan(most);
        if (request.maxMovedAddresses === undefined) expect(budget).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
  expect(withParts).toBeGreaterThan(100);
});

test("the flows of FIG. 10: 11 of 33 and 11⅓ of 34, of which the third is rounded off", () => {
  const { processes } = planRebalance(figureCluster(), { strategy: "proportional" });
  expect(processes.map(({ flow }) => flow!.parts)).toEqual([1, 2, 1]);
  const third = 1 / 3;
  const rows = processes.map(({ flow }) => [flow!.exact, flow!.rounding, flow!.budget]);
  const expected = [
    [-11, 0, 0],
    [22 + third, -third, 0],
    [-11 - third, third, 0],
  ];
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) expect(rows[i]![j]).toBeCloseTo(value, 9);
  }
});

const counterfactualOf = (plan: Plan, code: string): Counterfactual | undefined =>
  plan.explanations.find((explanation) => explanation.code === code)?.counterfactual;

test("what would move at another tolerance or budget does move there", () => {
  const seen = new Map<string, number>();
  const count = (code: string) => seen.set(code, (seen.get(code) ?? 0) + 1);
  const shape = { processesMax: 4, rangesMax: 6, draining: false };
  fc.assert(
    fc.property(clusterArbitrary(shape), requests, (state, request) => {
      const plan = planRebalance(state, request);
      const { maxMovedAddresses: _, ...unlimited } = request;
      const moved = (toleranceMicro: number) =>
        planRebalance(state, { ...unlimited, toleranceMicro }).movedAddresses;

      const within = counterfactualOf(plan, "within-tolerance");
      if (within) {
        count("within-tolerance");
        const micro = Math.round(within.tolerance! * 1_000_000);
        expect(micro).toBeLessThan(request.toleranceMicro!);
        expect(within.movedAddresses).toBeGreaterThan(0);
        expect(moved(micro)).toBe(within.movedAddresses);
        // Told in two digits; at the next figure nothing moves.
        const step = 10 ** Math.max(0, String(micro).length - 2);
        expect(micro % step).toBe(0);
        expect(moved(micro + step)).toBe(0);
      }
      const held = counterfactualOf(plan, "tolerance-held-back");
      if (held) {
        count("tolerance-held-back");
        expect(held).toMatchObject({ tolerance: 0, movedAddresses: moved(0) });
        expect(held.movedAddresses).toBeGreaterThan(plan.minimumMovedAddresses);
      }
      const otherwise = within ?? held;
      if (otherwise) {
        // Nothing else of the request has to be otherwise, the budget only where it is too small.
        const { tolerance, maxMovedAddresses = request.maxMovedAddresses } = otherwise;
        if (otherwise.maxMovedAddresses !== undefined) count("with a larger budget");
        const toleranceMicro = Math.round(tolerance! * 1_000_000);
        const there = planRebalance(state, { ...request, toleranceMicro, maxMovedAddresses });
        expect(there.movedAddresses).toBe(otherwise.movedAddresses);
      }
      const budget = counterfactualOf(plan, "budget-exhausted");
      if (budget) {
        count("budget-exhausted");
        const { maxMovedAddresses, movedAddresses } = budget;
        const ample = planRebalance(state, { ...request, maxMovedAddresses });
        expect(ample.movedAddresses).toBe(movedAddresses);
        expect(ample.remainingAddresses).toBe(0);
      }
    }),
    { numRuns: 600 },
  );
  const codes = ["within-tolerance", "tolerance-held-back", "budget-exhausted"];
  for (const code of [...codes, "with a larger budget"]) {
    expect(seen.get(code), code).toBeGreaterThan(10);
  }
});

test("what a larger budget would move does move with it, for the other strategies too", () => {
  const orders = fc.record({
    strategy: fc.constantFrom("pairwise", "proportional", "consolidate"),
    maxMovedAddresses: fc.nat(60),
  });
  const seen = { all: 0, less: 0 };
  fc.assert(
    fc.property(clusterArbitrary({ processesMax: 6 }), orders, (state, order) => {
      const isFlow = order.strategy !== "consolidate";
      const request = { ...order, ...(isFlow ? { transfer: { fractionMicro: 800_000 } } : {}) };
      const plan = planRebalance(state, request);
      const otherwise = counterfactualOf(plan, "budget-exhausted");
      expect(otherwise !== undefined).toBe(plan.remainingAddresses > 0);
      if (!otherwise) return;
      const { maxMovedAddresses, movedAddresses } = otherwise;
      expect(maxMovedAddresses).toBe(plan.minimumMovedAddresses);
      const ample = planRebalance(state, { ...request, maxMovedAddresses });
      expect(ample.movedAddresses).toBe(movedAddresses);
      seen[movedAddresses === maxMovedAddresses ? "all" : "less"]++;
    }),
    { numRuns: 600 },
  );
  expect(seen.all).toBeGreaterThan(10);
  expect(seen.less).toBeGreaterThan(10);
});

test("what force would move of a volume does move with it", () => {
  const orders = fc.record({
    strategy: fc.constantFrom("pairwise", "proportional"),
    maxMovedAddresses: fc.option(fc.nat(20), { nil: undefined, freq: 2 }),
  });
  const seen = { force: 0, "a budget, too": 0 };
  fc.assert(
    fc.property(clusterArbitrary({ processesMax: 5 }), orders, (state, order) => {
      const request = { ...order, transfer: { fractionMicro: 900_000 } } as const;
      const { explanations } = planRebalance(state, request);
      for (const { code, volumeId, counterfactual } of explanations) {
        if (code !== "would-not-improve" || !counterfactual) continue;
        const { movedAddresses, ...otherwise } = counterfactual;
        expect(otherwise.volumeIds).toEqual([volumeId]);
        expect(planRebalance(state, { ...request, ...otherwise }).movedAddresses).toBe(
          movedAddresses,
        );
        seen[otherwise.maxMovedAddresses === undefined ? "force" : "a budget, too"]++;
      }
    }),
    { numRuns: 600 },
  );
  expect(seen.force).toBeGreaterThan(10);
  expect(seen["a budget, too"]).toBeGreaterThan(10);
});

test("what force would move of one of several volumes that share a budget moves as told", () => {
  const ranges = [
    ["c-A", 22],
    ["c-B", 77],
    ["c-C", 99],
  ] as const;
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "C", linked: true }],
    volumes: ["v-1", "v-2"].map((id) => ({ id, blockCount: 99, ranges })),
  });
  const request = { strategy: "proportional", maxMovedAddresses: 8 } as const;
  const told = planRebalance(state, request).explanations.map((it) => it.counterfactual!);
  expect(told.map(({ volumeIds }) => volumeIds)).toEqual([["v-1"], ["v-2"]]);
  for (const { movedAddresses, ...otherwise } of told) {
    expect(planRebalance(state, { ...request, ...otherwise }).movedAddresses).toBe(8);
    expect(movedAddresses).toBe(8);
  }
});

test("the figures' cluster: a third each, a third of that away for the links", () => {
  const [a, b] = planRebalance(figureCluster(), { strategy: "equalize" }).processes;
  expect(a!.target).toBeCloseTo(101 / 3 - 101 / 9, 12);
  expect(a!.share).toEqual({
    base: 101 / 3,
    weight: 0,
    linkWork: expect.closeTo(-101 / 9, 12),
    rounding: expect.closeTo(a!.addressesAfter - a!.target!, 12),
    tolerance: 0,
    budget: 0,
  });
  expect(b!.share!.linkWork).toBeCloseTo(202 / 9, 12);
});

test("a weight of three, a draining process and a budget in figures", () => {
  const state = clusterOf({
    processes: [{ id: "A", weightMilli: 3000 }, { id: "B" }, { id: "C", draining: true }],
    volumes: [{ id: "v", blockCount: 80, ranges: [["c-B", 60], ["c-C", 80]] }], // biome-ignore format: a table
  });
  const { processes } = planRebalance(state, { strategy: "equalize", maxMovedAddresses: 30 });
  const nothing = { base: 0, weight: 0, linkWork: 0, rounding: 0, tolerance: 0, budget: 0 };
  expect(processes.map(({ target, share }) => ({ target, share }))).toEqual([
    { target: 60, share: { ...nothing, base: 40, weight: 20, budget: -30 } },
    { target: 20, share: { ...nothing, base: 40, weight: -20, budget: 30 } },
    { target: 0, share: nothing },
  ]);
});

test("the tolerance that holds a plan back is told with the one that would not", () => {
  const state = clusterOf({
    processes: [{ id: "A" }, { id: "B" }],
    volumes: [
      {
        id: "v",
        blockCount: 200_000,
        ranges: [
          ["c-A", 104_200],
          ["c-B", 200_000],
        ],
      },
    ],
  });
  const plan = planRebalance(state, { strategy: "equalize", toleranceMicro: 50_000 });
  expect(plan.explanations[0]).toEqual({
    code: "within-tolerance",
    detail:
      "every C-node is within the tolerance of 0.05 around its target share; it would move " +
      "100 addresses at tolerance 0.041",
    counterfactual: { tolerance: 0.041, movedAddresses: 100 },
  });
});

test("strategies without targets have no shares", () => {
  for (const strategy of ["pairwise", "proportional"] as const) {
    for (const row of planRebalance(figureCluster(), { strategy }).processes) {
      expect([row.target, row.share]).toEqual([undefined, undefined]);
    }
  }
});
