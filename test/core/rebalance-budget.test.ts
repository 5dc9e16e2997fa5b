import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { CNodeId } from "../../src/core/model.ts";
import { shareBudget } from "../../src/core/rebalance/budget.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Plan } from "../../src/core/rebalance/types.ts";
import { waterCut } from "../../src/core/rebalance/water-cut.ts";
import { applyPlan, clusterArbitrary, clusterOf } from "../support/cluster.ts";
import { isActive, sizesOf } from "../support/exact-model.ts";
import { expectSound } from "../support/plan-soundness.ts";

const EXTENT_BLOCKS_MAX = 8;

function allSizes(state: ClusterState): unknown {
  return [...state.volumes.values()].map((volume) => [...sizesOf(state, volume)]);
}

function movedOf(plan: Plan, volumeId: string): number {
  const moves = [...plan.moves].filter((move) => move.volumeId === volumeId);
  return moves.reduce((sum, { firstLba, lastLba }) => sum + (lastLba - firstLba + 1), 0);
}

test("budgeted runs end in the sizes of one unlimited run and move no address twice", () => {
  const runCounts = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(clusterArbitrary(), runCounts, (state, runs) => {
      const unlimited = planRebalance(state, { strategy: "equalize" });
      const budget = Math.max(EXTENT_BLOCKS_MAX, Math.ceil(unlimited.movedAddresses / runs));
      const request = { strategy: "equalize", maxMovedAddresses: budget } as const;
      let current = state;
      let moved = 0;
      for (let remaining = unlimited.movedAddresses; remaining > 0; ) {
        const plan = planRebalance(current, request);
        expectSound(current, request, plan);
        expect(plan.minimumMovedAddresses).toBe(remaining);
        expect(plan.movedAddresses).toBeGreaterThan(0);
        expect(plan.explanations.some(({ code }) => code === "budget-exhausted")).toBe(
          plan.remainingAddresses > 0,
        );
        moved += plan.movedAddresses;
        remaining = plan.remainingAddresses;
        current = applyPlan(current, plan);
      }
      // Least movement in each run and the same sum: nothing has moved twice.
      expect(allSizes(current)).toEqual(allSizes(applyPlan(state, unlimited)));
      expect(moved).toBe(unlimited.movedAddresses);
    }),
    { numRuns: 200 },
  );
});

const parts = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);

test("as much of the budget is used as fits", () => {
  fc.assert(
    fc.property(clusterArbitrary(), parts, (state, part) => {
      const unlimited = planRebalance(state, { strategy: "equalize" });
      const maxMovedAddresses = Math.floor(unlimited.movedAddresses * part);
      const plan = planRebalance(state, { strategy: "equalize", maxMovedAddresses });
      const unused = maxMovedAddresses - plan.movedAddresses;
      for (const { id, extentBlocks } of state.volumes.values()) {
        const remaining = movedOf(unlimited, id) - movedOf(plan, id);
        expect(remaining).toBeGreaterThanOrEqual(0);
        if (remaining > 0) expect(unused).toBeLessThan(extentBlocks);
      }
    }),
  );
});

test("draining processes come first, over all volumes", () => {
  fc.assert(
    fc.property(clusterArbitrary({ extentBlocksMax: 1 }), parts, (state, part) => {
      const unlimited = planRebalance(state, { strategy: "equalize" });
      const maxMovedAddresses = Math.floor(unlimited.movedAddresses * part);
      const plan = planRebalance(state, { strategy: "equalize", maxMovedAddresses });
      const draining = new Set<CNodeId>();
      for (const process of state.processes.values()) {
        if (!isActive(state, process)) draining.add(process.cNodeId);
      }
      const evacuated = ({ moves }: Plan) =>
        [...moves]
          .filter(({ fromCNodeId }) => draining.has(fromCNodeId))
          .reduce((sum, { firstLba, lastLba }) => sum + (lastLba - firstLba + 1), 0);
      expect(evacuated(plan)).toBe(Math.min(maxMovedAddresses, evacuated(unlimited)));
    }),
  );
});

test("of those who drain, who owns most gives first, whatever weight it had", () => {
  const drainedFirst = (weightMilli: number) => {
    const state = clusterOf({
      processes: [
        { id: "A", draining: true, weightMilli },
        { id: "B", draining: true },
        { id: "C" },
      ],
      volumes: [
        {
          ...{ id: "v", blockCount: 70 },
          ranges: [
            ["c-A", 40],
            ["c-B", 70],
          ],
        },
      ],
    });
    const plan = planRebalance(state, { strategy: "equalize", maxMovedAddresses: 10 });
    return Array.from(plan.moves, ({ fromCNodeId }) => fromCNodeId);
  };
  expect(drainedFirst(1000)).toEqual(["c-A"]);
  expect(drainedFirst(2000)).toEqual(["c-A"]);
});

test("pairwise and proportional never exceed the budget, and say what remains", () => {
  const strategies = fc.constantFrom("pairwise", "proportional");
  fc.assert(
    fc.property(
      clusterArbitrary(),
      strategies,
      fc.nat({ max: 100_000 }),
      (state, strategy, budget) => {
        const request = { strategy, maxMovedAddresses: budget } as const;
        const plan = planRebalance(state, request);
        expectSound(state, request, plan);
        const exhausted = plan.explanations.filter(({ code }) => code === "budget-exhausted");
        expect(exhausted).toHaveLength(plan.remainingAddresses > 0 ? 1 : 0);
      },
    ),
  );
});

test("a volume that the budget no longer reaches counts as remaining, not as refused", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }],
    volumes: [
      { id: "u", blockCount: 100 },
      { id: "v", blockCount: 100 },
      { id: "w", blockCount: 100, ranges: [["c-B", 100]] },
    ],
  });
  const plan = planRebalance(state, { strategy: "proportional", maxMovedAddresses: 25 });
  // Half of A's 50 in u and in v; A owns nothing of w.
  expect(plan).toMatchObject({
    movedAddresses: 25,
    minimumMovedAddresses: 50,
    remainingAddresses: 25,
  });
  expect(plan.explanations).toMatchObject([
    { code: "nothing-to-give", volumeId: "w" },
    { code: "budget-exhausted" },
  ]);
  expect(plan.explanations[1]!.detail).toContain("25 remain");
});

test("a budget below one extent moves nothing and says so", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }],
    volumes: [{ id: "v", blockCount: 64, extentBlocks: 8 }],
  });
  for (const strategy of ["equalize", "proportional", "pairwise"] as const) {
    const plan = planRebalance(state, { strategy, maxMovedAddresses: 7 });
    expect(plan.moves).toHaveLength(0);
    expect(plan.remainingAddresses).toBeGreaterThan(0);
    expect(plan.explanations.map(({ code }) => code)).toEqual(["budget-exhausted"]);
  }
});

test("it is the cut plan that has to make a volume more even", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }],
    volumes: [{ id: "v", blockCount: 100, ranges: [["c-A", 100]] }],
    replicationCostMicro: 0,
  });
  const request = { strategy: "proportional", transfer: { fractionMicro: 1_000_000 } } as const;
  expect(planRebalance(state, request).movedAddresses).toBe(0);
  const cut = planRebalance(state, { ...request, maxMovedAddresses: 50 });
  expect(cut).toMatchObject({ movedAddresses: 50, minimumMovedAddresses: 100 });
});

test("the rotation goes on from where the cut plan stopped", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "C" }, { id: "D" }],
    volumes: [
      { id: "u", blockCount: 80, extentBlocks: 8, ranges: [["c-A", 80]] },
      { id: "v", blockCount: 80, ranges: [["c-A", 80]] },
    ],
    replicationCostMicro: 0,
  });
  // Of 5 extents in u 4 fit: B gets two of them, and C is next.
  const plan = planRebalance(state, {
    strategy: "proportional",
    transfer: { fractionMicro: 500_000 },
    maxMovedAddresses: 33,
  });
  expect(plan.processes.map(({ addressesAfter }) => addressesAfter)).toEqual([127, 16, 9, 8]);
});

test("volumes share a budget in proportion, in whole extents, by largest remainder", () => {
  const need = (addresses: number, extentBlocks = 1) => ({ addresses, extentBlocks });
  expect(shareBudget([need(10), need(20), need(30)], 60)).toEqual([10, 20, 30]);
  expect(shareBudget([need(10), need(20), need(30)], 6)).toEqual([1, 2, 3]);
  // 2.67 and 1.33, in either order.
  expect(shareBudget([need(6), need(3)], 4)).toEqual([3, 1]);
  expect(shareBudget([need(3), need(6)], 4)).toEqual([1, 3]);
  // 2.67, 2.67, 2.67: the first two get one more.
  expect(shareBudget([need(9), need(9), need(9)], 8)).toEqual([3, 3, 2]);
  // 5 and 5: four of the first five fill an extent, the fifth is of use to the other only.
  expect(shareBudget([need(40, 4), need(40)], 10)).toEqual([4, 6]);
  expect(shareBudget([need(40, 8), need(40, 8)], 15)).toEqual([8, 0]);
  const large = Number.MAX_SAFE_INTEGER - 1;
  expect(shareBudget([need(large / 2), need(large / 2)], large - 1)).toEqual([
    large / 2,
    large / 2 - 1,
  ]);
});

const lowerFirst = (equals: Int32Array) => equals.toSorted((a, b) => a - b);

interface Basin {
  readonly height: number;
  readonly cap?: number;
  readonly weightMilli?: number;
  readonly linked?: boolean;
}

interface Cutting {
  readonly amount: number;
  readonly scale?: bigint;
  readonly linkWork?: bigint;
}

const cut = (
  basins: readonly Basin[],
  { amount, scale = 1n, linkWork = 0n }: Cutting,
): number[] => {
  const options = {
    kinds: basins.map(({ weightMilli = 1000, linked = false }) => ({ weightMilli, linked })),
    kindOf: Uint32Array.from(basins.keys()),
    heights: Float64Array.from(basins, ({ height }) => height),
    caps: Float64Array.from(basins, ({ height, cap = height }) => cap),
  };
  return [...waterCut({ basins: { ...options, scale, linkWork }, amount, tie: lowerFirst })];
};

test("a water cut takes from the highest load per weight first", () => {
  const three = [{ height: 10 }, { height: 7 }, { height: 2 }];
  expect(cut(three, { amount: 0 })).toEqual([0, 0, 0]);
  expect(cut(three, { amount: 3 })).toEqual([3, 0, 0]);
  expect(cut(three, { amount: 5 })).toEqual([4, 1, 0]);
  expect(cut(three, { amount: 6 })).toEqual([5, 1, 0]);
  const [, ...others] = three;
  expect(cut([{ height: 10, cap: 2 }, ...others], { amount: 6 })).toEqual([2, 4, 0]);
  // Loads 5 and 7 come down to 11 / 3: 2.67 and 3.33.
  expect(cut([{ height: 10, weightMilli: 2000 }, { height: 7 }], { amount: 6 })).toEqual([3, 3]);
  expect(cut([{ height: 10 }, { height: 7 }], { amount: 17 })).toEqual([10, 7]);
});

test("link work counts for whom a water cut takes from", () => {
  // Loads 4 and 2 + 9 / 3: 5 comes down to 4, then both to 3.
  const basins = [{ height: 4 }, { height: 2, linked: true }];
  expect(cut(basins, { amount: 1, scale: 3n, linkWork: 9n })).toEqual([0, 1]);
  expect(cut(basins, { amount: 3, scale: 3n, linkWork: 9n })).toEqual([1, 2]);
});

test("a water cut tells loads apart that doubles can't", () => {
  // 10^15 heights of 1,000 units, and for one of the two 50 units more.
  const unlinked = { height: 10 ** 15, cap: 1000 };
  const linked = { ...unlinked, linked: true };
  expect(cut([unlinked, linked], { amount: 1, scale: 1000n, linkWork: 50n })).toEqual([0, 1]);
  expect(cut([linked, unlinked], { amount: 1, scale: 1000n, linkWork: 50n })).toEqual([1, 0]);
});

test("a water cut finds its level among heights that doubles can't tell apart", () => {
  // Link work is far beyond what a double holds exactly: where the level lies is told exactly.
  const height = 2 ** 30;
  const linkWork = 10n ** 9n * (2n ** 53n - 1n);
  const alone = [{ height, linked: true }];
  expect(cut(alone, { amount: 12_345, linkWork })).toEqual([12_345]);
  const two = [...alone, { height: height - 7, linked: true }];
  expect(cut(two, { amount: 5, linkWork })).toEqual([5, 0]);
  expect(cut(two, { amount: 9, linkWork })).toEqual([8, 1]);
});

test("after a water cut nobody who could still give is above one who gave", () => {
  const basins = fc.array(
    fc.record({
      // Close together, too: with weights and link work nearer than doubles can tell apart.
      height: fc.oneof(
        fc.integer({ min: 0, max: 40 }),
        fc.maxSafeInteger().map((height) => Math.abs(height) % 2 ** 47),
        fc.integer({ min: 0, max: 99 }).map((more) => 2 ** 47 + more),
      ),
      weightMilli: fc.oneof(
        fc.constant(1000),
        fc.integer({ min: 999, max: 1001 }),
        fc.integer({ min: 1, max: 1_000_000 }),
      ),
      linked: fc.boolean(),
      part: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
    }),
    { minLength: 1, maxLength: 20 },
  );
  const scales = fc.bigInt({ min: 1n, max: 1000n });
  const linkWorks = fc.oneof(
    fc.constant(0n),
    fc.bigInt({ min: 1n, max: 10n ** 18n }),
    fc.bigInt({ min: 1n, max: 10n ** 25n }),
  );
  fc.assert(
    fc.property(basins, scales, linkWorks, parts, (raw, scale, linkWork, part) => {
      const filled = raw.map((basin) => ({
        ...basin,
        cap: Math.floor(basin.height * basin.part),
        work: BigInt(basin.height) * scale + (basin.linked ? linkWork : 0n),
      }));
      const amount = Math.floor(filled.reduce((sum, { cap }) => sum + cap, 0) * part);
      const shares = cut(filled, { amount, scale, linkWork });
      expect(shares.reduce((a, b) => a + b, 0)).toBe(amount);
      for (const [i, p] of filled.entries()) {
        const given = shares[i]!;
        expect(given).toBeGreaterThanOrEqual(0);
        expect(given).toBeLessThanOrEqual(p.cap);
        if (given === 0) continue;
        // Where p stood before its last whole unit; who has room above that should have given.
        const top = p.work - BigInt(given - 1) * scale;
        for (const [j, q] of filled.entries()) {
          const after = shares[j]!;
          if (after === q.cap) continue;
          const bottom = q.work - BigInt(after + 1) * scale;
          expect(bottom * BigInt(p.weightMilli) <= top * BigInt(q.weightMilli)).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});
