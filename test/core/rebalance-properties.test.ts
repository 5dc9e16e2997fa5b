import fc from "fast-check";
import { expect, test } from "vitest";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Plan, RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterArbitrary, mapsOf } from "../support/cluster.ts";
import {
  ceiling,
  exactBounds,
  exactTargets,
  floor,
  isActive,
  sizesOf,
  spreadOf,
} from "../support/exact-model.ts";
import { expectSound } from "../support/plan-soundness.ts";

const requests: fc.Arbitrary<RebalanceRequest> = fc
  .tuple(
    fc.constantFrom("equalize", "pairwise", "proportional"),
    fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
    fc.option(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_000_000 })), { nil: undefined }),
    fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
    fc.boolean(),
  )
  .map(([strategy, fractionMicro, maxMovedAddresses, toleranceMicro, force]) => ({
    strategy,
    maxMovedAddresses,
    force,
    ...(strategy === "equalize"
      ? { toleranceMicro }
      : { transfer: fractionMicro === undefined ? undefined : { fractionMicro } }),
  }));

test("every plan covers, moves least, moves nothing twice and keeps to extents", () => {
  fc.assert(
    fc.property(clusterArbitrary(), requests, (state, request) => {
      expectSound(state, request, planRebalance(state, request));
    }),
    { numRuns: 400 },
  );
});

test("the same state and request give the same plan", () => {
  const show = ({ moves, ...plan }: Plan) => JSON.stringify([plan, [...moves]]);
  fc.assert(
    fc.property(clusterArbitrary(), requests, (state, request) => {
      expect(show(planRebalance(state, request))).toBe(show(planRebalance(state, request)));
    }),
  );
});

test("equalize brings every size within an extent of its exact target, and then rests", () => {
  fc.assert(
    fc.property(clusterArbitrary(), (state) => {
      const plan = planRebalance(state, { strategy: "equalize" });
      const after = applyPlan(state, plan);
      for (const volume of after.volumes.values()) {
        const targets = exactTargets(state, volume);
        for (const [cNodeId, size] of sizesOf(state, volume)) {
          const target = targets.get(cNodeId)!;
          expect([floor(target), ceiling(target)]).toContain(BigInt(size));
        }
      }
      expect(planRebalance(after, { strategy: "equalize" }).moves).toHaveLength(0);
    }),
    { numRuns: 300 },
  );
});

test("a tolerance moves no more than it takes to come inside its bounds, and then rests", () => {
  const tolerances = fc.integer({ min: 0, max: 1_500_000 });
  fc.assert(
    fc.property(clusterArbitrary(), tolerances, (state, toleranceMicro) => {
      const request = { strategy: "equalize", toleranceMicro } as const;
      const after = applyPlan(state, planRebalance(state, request));
      for (const volume of state.volumes.values()) {
        const sizes = sizesOf(state, after.volumes.get(volume.id)!);
        let [above, below, moved] = [0, 0, 0];
        const bounds = exactBounds(state, volume, toleranceMicro);
        for (const [cNodeId, before] of sizesOf(state, volume)) {
          const { low, high } = bounds.get(cNodeId)!;
          const size = sizes.get(cNodeId)!;
          expect(size).toBeGreaterThanOrEqual(low);
          expect(size).toBeLessThanOrEqual(high);
          above += Math.max(0, before - high);
          below += Math.max(0, low - before);
          moved += Math.max(0, before - size);
        }
        expect(moved).toBe(Math.max(above, below));
      }
      expect(planRebalance(after, request).moves).toHaveLength(0);
    }),
    { numRuns: 300 },
  );
});

test("pairwise and proportional leave alone exactly what would not get more even", () => {
  const strategies = fc.constantFrom("pairwise", "proportional");
  const fractions = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(clusterArbitrary(), strategies, fractions, (state, strategy, fractionMicro) => {
      const request = { strategy, transfer: { fractionMicro } } as const;
      // One volume at a time: a volume left alone does not turn the rotation for the next one.
      for (const volume of state.volumes.values()) {
        const one = { ...request, volumeIds: [volume.id] };
        const forced = planRebalance(state, { ...one, force: true });
        const plan = planRebalance(state, one);
        const [change] = mapsOf(state, forced);
        if (!change) continue;
        const before = spreadOf(state, volume, (id) => volume.map.sizeOf(id));
        const after = spreadOf(state, volume, (id) => change.map.sizeOf(id));
        const improves = after.over * before.under < before.over * after.under;
        expect([...plan.moves]).toEqual(improves ? [...forced.moves] : []);
        const codes = plan.explanations.map(({ code }) => code);
        expect(codes).toEqual(improves ? [] : ["would-not-improve"]);
        expect(forced.explanations.map(({ code }) => code)).toEqual(improves ? [] : ["forced"]);
      }
    }),
    { numRuns: 200 },
  );
});

test("a draining process owns exactly nothing afterwards, whatever the tolerance", () => {
  const tolerances = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(clusterArbitrary(), tolerances, (state, toleranceMicro) => {
      const request = { strategy: "equalize", toleranceMicro } as const;
      const plan = planRebalance(state, request);
      const after = applyPlan(state, plan);
      for (const process of after.processes.values()) {
        if (isActive(after, process)) continue;
        for (const { map } of after.volumes.values()) expect(map.sizeOf(process.cNodeId)).toBe(0);
        const row = plan.processes.find(({ processId }) => processId === process.id)!;
        expect([row.target, row.addressesAfter]).toEqual([0, 0]);
      }
    }),
    { numRuns: 300 },
  );
});
