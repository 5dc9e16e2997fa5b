/**
 * On small clusters an integer program says how little movement a tolerance takes, and how low the
 * highest load comes by a budget. The planner must do as well.
 */
import fc from "fast-check";
import highsLoader from "highs";
import { expect, test } from "vitest";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { applyPlan, clusterArbitrary } from "../support/cluster.ts";
import { exactBounds, isActive, linkWorkOf, sizesOf } from "../support/exact-model.ts";

// The package describes a CommonJS module: its loader is the default export at run time.
const highs = await (highsLoader as unknown as typeof highsLoader.default)();

/** The least value of an integer program in CPLEX LP format. */
function solve(objective: string, constraints: string[], bounds: string[], integers: string[]) {
  const sections = ["Minimize", ` obj: ${objective}`, "Subject To"];
  sections.push(...constraints.map((constraint, i) => ` r${i}: ${constraint}`));
  sections.push("Bounds", ...bounds.map((bound) => ` ${bound}`));
  sections.push("General", ` ${integers.join(" ")}`, "End");
  const solution = highs.solve(sections.join("\n"), { mip_rel_gap: 0 });
  expect(solution.Status).toBe("Optimal");
  return solution.ObjectiveValue;
}

const SMALL = { processesMax: 6, volumesMax: 1, rangesMax: 12 };

test("a tolerance moves as little as the program finds possible", () => {
  const tolerances = fc.integer({ min: 0, max: 500_000 });
  fc.assert(
    fc.property(clusterArbitrary(SMALL), tolerances, (state, toleranceMicro) => {
      const [volume] = [...state.volumes.values()];
      const extents = volume!.blockCount / volume!.extentBlocks;
      const limits = exactBounds(state, volume!, toleranceMicro);
      const before = [...sizesOf(state, volume!)];
      const sizes = before.map((_, i) => `x${i}`);
      const least = solve(
        before.map((_, i) => `m${i}`).join(" + "),
        [
          `${sizes.join(" + ")} = ${extents}`,
          ...before.map(([, size], i) => `x${i} + m${i} >= ${size}`),
        ],
        before.map(([id], i) => `${limits.get(id)!.low} <= x${i} <= ${limits.get(id)!.high}`),
        sizes,
      );
      const plan = planRebalance(state, { strategy: "equalize", toleranceMicro });
      expect(plan.movedAddresses / volume!.extentBlocks).toBe(Math.round(least));
    }),
  );
});

test("a budget lowers the highest load of those that give as far as the program can", () => {
  const parts = fc.integer({ min: 0, max: 100 });
  const shape = { ...SMALL, weights: false, extentBlocksMax: 1 };
  let solved = 0;
  fc.assert(
    fc.property(clusterArbitrary(shape), parts, (state, percent) => {
      const [volume] = [...state.volumes.values()];
      const full = planRebalance(state, { strategy: "equalize" });
      const maxMovedAddresses = Math.floor((full.movedAddresses * percent) / 100);
      const plan = planRebalance(state, { strategy: "equalize", maxMovedAddresses });
      const before = sizesOf(state, volume!);
      const after = sizesOf(state, applyPlan(state, plan).volumes.get(volume!.id)!);
      const settled = sizesOf(state, applyPlan(state, full).volumes.get(volume!.id)!);
      const donors = [...state.processes.values()].flatMap((process) => {
        const { cNodeId } = process;
        const surplus = before.get(cNodeId)! - settled.get(cNodeId)!;
        if (surplus <= 0 || !isActive(state, process)) return [];
        const { over, under } = linkWorkOf(state, process, volume!.blockCount);
        return [{ cNodeId, surplus, linkWork: Number(over) / Number(under) }];
      });
      const given = donors.map(({ cNodeId }) => before.get(cNodeId)! - after.get(cNodeId)!);
      const total = given.reduce((sum, amount) => sum + amount, 0);
      // Draining processes have the first call on the budget.
      if (donors.length === 0 || total === 0) return;
      solved++;
      const works = donors.map(({ cNodeId, linkWork }) => before.get(cNodeId)! + linkWork);
      const amounts = donors.map((_, i) => `g${i}`);
      const level = solve(
        "z",
        [
          `${amounts.join(" + ")} = ${total}`,
          ...works.map((work, i) => `z + g${i} >= ${work.toFixed(6)}`),
        ],
        donors.map(({ surplus }, i) => `0 <= g${i} <= ${surplus}`),
        amounts,
      );
      const highest = Math.max(...works.map((work, i) => work - given[i]!));
      expect(Math.abs(highest - level)).toBeLessThan(1e-3);
    }),
    { numRuns: 120 },
  );
  expect(solved).toBeGreaterThan(20);
});
