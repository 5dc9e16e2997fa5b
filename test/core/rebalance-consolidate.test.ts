import fc from "fast-check";
import { expect, test } from "vitest";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterArbitrary, clusterOf, mapsOf, sizesIn } from "../support/cluster.ts";
import { isActive, sizesOf } from "../support/exact-model.ts";
import { expectSound } from "../support/plan-soundness.ts";
import { Random } from "../support/random.ts";

const crumbled = clusterOf({
  processes: [{ id: "A" }, { id: "B" }, { id: "C" }],
  volumes: [
    {
      id: "v",
      blockCount: 100,
      ranges: [
        ["c-A", 30],
        ["c-B", 33],
        ["c-A", 40],
        ["c-B", 70],
        ["c-C", 100],
      ],
    },
  ],
});

test("an island goes to its neighbour, which repays it at another boundary", () => {
  const plan = planRebalance(crumbled, { strategy: "consolidate" });
  expect(
    [...mapsOf(crumbled, plan)[0]!.map.ranges()].map((r) => [r.cNodeId, r.lastLba + 1]),
  ).toEqual([
    ["c-A", 37],
    ["c-B", 70],
    ["c-C", 100],
  ]);
  expect(plan).toMatchObject({ movedAddresses: 6, minimumMovedAddresses: 6, rangesAfter: 3 });
  expect(plan.explanations).toEqual([
    {
      code: "consolidates",
      detail: "removes 2 of 5 ranges of volume v by moving 6 addresses",
      volumeId: "v",
    },
  ]);
});

test("the tolerance spares the way back, and a budget too small moves nothing", () => {
  const request = { strategy: "consolidate", toleranceMicro: 100_000 } as const;
  expect(planRebalance(crumbled, request)).toMatchObject({ movedAddresses: 3, rangesAfter: 3 });
  const plan = planRebalance(crumbled, { strategy: "consolidate", maxMovedAddresses: 5 });
  expect(plan).toMatchObject({ movedAddresses: 0, remainingAddresses: 6, rangesAfter: 5 });
  expect(plan.explanations.map(({ code }) => code)).toEqual(["consolidates", "budget-exhausted"]);
});

test("of two ways to as few ranges, the one that moves less is taken", () => {
  const ranges = [
    ["c-D", 1],
    ["c-A", 3],
    ["c-B", 6],
    ["c-D", 8],
  ] as const;
  const processes = ["A", "B", "D"].map((id) => ({ id }));
  const state = clusterOf({ processes, volumes: [{ id: "v", blockCount: 8, ranges }] });
  // Sorted at once, it would be A, D, B: 6 moved. One slide after another is enough.
  const plan = planRebalance(state, { strategy: "consolidate" });
  expect(plan).toMatchObject({ movedAddresses: 3, minimumMovedAddresses: 3, rangesAfter: 3 });
});

test("among thousands of processes, too, chains are found for a small budget", () => {
  const random = new Random(7);
  const count = 3_000;
  let end = 0;
  const ranges = Array.from({ length: 10 * count }, () => {
    end += 1 + random.below(100);
    return [`c-${random.below(count)}`, end] as const;
  });
  const processes = Array.from({ length: count }, (_, i) => ({ id: `${i}` }));
  const volumes = [{ id: "v", blockCount: end, ranges }];
  const state = clusterOf({ processes, volumes });
  const maxMovedAddresses = Math.floor(end / 100);
  const plan = planRebalance(state, { strategy: "consolidate", maxMovedAddresses });
  expect(plan.rangesBefore - plan.rangesAfter).toBeGreaterThan(400);
});

/** Ten C-nodes in turn, ranges of ten addresses: nobody's range is shorter than another's. */
function striped(ranges: number) {
  const processes = Array.from({ length: 10 }, (_, i) => ({ id: `p${i}` }));
  const ends = Array.from({ length: ranges }, (_, i) => [`c-p${i % 10}`, 10 * (i + 1)] as const);
  return clusterOf({ processes, volumes: [{ id: "v", blockCount: 10 * ranges, ranges: ends }] });
}

test("where nothing is short, whole stretches are sorted: each C-node has one range", () => {
  const plan = planRebalance(striped(400), { strategy: "consolidate" });
  expect(plan).toMatchObject({ rangesBefore: 400, rangesAfter: 10, movedAddresses: 3600 });
  expect(plan.remainingAddresses).toBe(0);
});

test.each([
  [0.75, 0.25],
  [0.5, 0.5],
  [0.25, 0.75],
])("%f of what it takes leaves about %f of the ranges", (part, left) => {
  const maxMovedAddresses = 3600 * part;
  const plan = planRebalance(striped(400), { strategy: "consolidate", maxMovedAddresses });
  expect(plan.movedAddresses).toBeLessThanOrEqual(maxMovedAddresses);
  expect(plan.movedAddresses + plan.remainingAddresses).toBe(3600);
  expect(plan.rangesAfter).toBeLessThan(400 * (left + 0.06));
});

test("a volume of which nobody drains ends with one range for each of its owners", () => {
  fc.assert(
    fc.property(clusterArbitrary(), (state) => {
      const all = [...state.processes.values()];
      const active = new Set(all.filter((it) => isActive(state, it)).map((it) => it.cNodeId));
      const after = applyPlan(state, planRebalance(state, { strategy: "consolidate" }));
      for (const { map } of after.volumes.values()) {
        const owners = [...sizesIn(map).keys()];
        if (owners.every((owner) => active.has(owner))) expect(map.rangeCount).toBe(owners.length);
      }
    }),
  );
});

test("a table in one piece for each says that there is nothing to merge", () => {
  const state = clusterOf({
    processes: [{ id: "A" }, { id: "B" }],
    volumes: [{ id: "v", blockCount: 10 }],
  });
  const plan = planRebalance(state, { strategy: "consolidate" });
  expect(plan.explanations.map(({ code }) => code)).toEqual(["nothing-to-consolidate"]);
});

const requests: fc.Arbitrary<RebalanceRequest> = fc.record({
  strategy: fc.constant("consolidate" as const),
  toleranceMicro: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_500_000 })),
  maxMovedAddresses: fc.option(fc.nat({ max: 500_000 }), { nil: undefined }),
});

test("sizes stay within the tolerance, ranges never get more, and nobody who drains receives", () => {
  let removed = 0;
  fc.assert(
    fc.property(clusterArbitrary(), requests, (state, request) => {
      const plan = planRebalance(state, request);
      expectSound(state, request, plan);
      expect(plan.rangesAfter).toBeLessThanOrEqual(plan.rangesBefore);
      if (plan.moves.length > 0) expect(plan.rangesAfter).toBeLessThan(plan.rangesBefore);
      removed += plan.rangesBefore - plan.rangesAfter;
      const full = planRebalance(state, { ...request, maxMovedAddresses: undefined });
      expect(plan.minimumMovedAddresses).toBe(full.movedAddresses);
      const processes = [...state.processes.values()];
      const active = processes.filter((process) => isActive(state, process));
      const receivers = new Set(Array.from(plan.moves, ({ toCNodeId }) => toCNodeId));
      for (const process of processes) {
        if (receivers.has(process.cNodeId)) expect(active).toContain(process);
      }
      const after = applyPlan(state, plan);
      for (const volume of state.volumes.values()) {
        const sizes = sizesOf(state, after.volumes.get(volume.id)!);
        const extents = BigInt(volume.blockCount / volume.extentBlocks);
        const most =
          (BigInt(request.toleranceMicro!) * extents) / (1_000_000n * BigInt(active.length));
        for (const [cNodeId, before] of sizesOf(state, volume)) {
          const change = Math.abs(Number(sizes.get(cNodeId)!) - Number(before));
          expect(BigInt(change)).toBeLessThanOrEqual(most);
        }
      }
    }),
    { numRuns: 400 },
  );
  expect(removed).toBeGreaterThan(400);
});
