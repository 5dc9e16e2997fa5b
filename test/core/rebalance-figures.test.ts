import { expect, test } from "vitest";
import type { ProcessId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Plan, RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterOf, figureCluster, mapsOf } from "../support/cluster.ts";

const PAIR = [{ linkedProcessId: "A" as ProcessId, unlinkedProcessId: "B" as ProcessId }];

function rangesAfter(plan: Plan): (string | number)[][] {
  return [...mapsOf(figureCluster(), plan)[0]!.map.ranges()].map((r) => [
    r.cNodeId,
    r.firstLba,
    r.lastLba,
  ]);
}

const codes = ({ explanations }: Plan) => explanations.map(({ code }) => code);

test("FIG. 9B: half of c-1's addresses go to c-2, those next to its own", () => {
  const plan = planRebalance(figureCluster(), {
    strategy: "pairwise",
    transfer: { fractionMicro: 500_000 },
    pairs: PAIR,
  });
  expect(rangesAfter(plan)).toEqual([
    ["c-1", 0, 15],
    ["c-2", 16, 66],
    ["c-3", 67, 100],
  ]);
  expect([...plan.moves]).toEqual([
    { volumeId: "v", firstLba: 16, lastLba: 32, fromCNodeId: "c-1", toCNodeId: "c-2" },
  ]);
  expect(plan).toMatchObject({
    movedAddresses: 17,
    minimumMovedAddresses: 17,
    remainingAddresses: 0,
    transferPercent: null,
    rangesBefore: 3,
    rangesAfter: 3,
    explanations: [],
  });
});

test("FIG. 10: both linked C-nodes give a third to c-2", () => {
  const plan = planRebalance(figureCluster(), { strategy: "proportional" });
  expect(rangesAfter(plan)).toEqual([
    ["c-1", 0, 21],
    ["c-2", 22, 77],
    ["c-3", 78, 100],
  ]);
  expect(plan).toMatchObject({ processCount: 3, linkedProcessCount: 2, movedAddresses: 22 });
  expect(plan.transferPercent).toBeCloseTo(100 / 3, 12);
  expect(plan.replicationCost).toEqual({ value: 2 / 3, source: "equation-1" });
  expect(plan.imbalance.before.toFixed(3)).toBe("1.206");
  expect(plan.imbalance.after.toFixed(3)).toBe("1.010");
  expect(plan.imbalance.volumes).toEqual([
    { volumeId: "v", before: plan.imbalance.before, after: plan.imbalance.after },
  ]);
  // 33 + 2/3 · 101/2 before, 22 + 2/3 · 101/2 after.
  expect(plan.processes[0]).toMatchObject({ processId: "A", linked: true, addressesBefore: 33 });
  expect(plan.processes[0]!.loadBefore).toBeCloseTo(33 + 101 / 3, 12);
  expect(plan.processes[0]!.loadAfter).toBeCloseTo(22 + 101 / 3, 12);
});

test("a second proportional run is refused, and forced it drains the linked ones further", () => {
  const first = planRebalance(figureCluster(), { strategy: "proportional" });
  const state = applyPlan(figureCluster(), first);
  const again = planRebalance(state, { strategy: "proportional" });
  expect(again.moves).toHaveLength(0);
  expect(again).toMatchObject({ movedAddresses: 0, minimumMovedAddresses: 0 });
  expect(again.explanations).toMatchObject([{ code: "would-not-improve", volumeId: "v" }]);

  const forced = planRebalance(state, { strategy: "proportional", force: true });
  // round(22 / 3) = 7 and round(23 / 3) = 8.
  expect(forced.movedAddresses).toBe(15);
  expect(codes(forced)).toEqual(["forced"]);
});

test("equalize finds nothing to do after proportional", () => {
  const first = planRebalance(figureCluster(), { strategy: "proportional" });
  const plan = planRebalance(applyPlan(figureCluster(), first), { strategy: "equalize" });
  expect(plan.moves).toHaveLength(0);
  expect(codes(plan)).toEqual(["already-balanced"]);
});

test("pairwise by default makes the loads of each pair equal", () => {
  const plan = planRebalance(figureCluster(), { strategy: "pairwise", pairs: PAIR });
  // (33 + 33.67 − 34) / 2 = 16.33
  expect(plan.movedAddresses).toBe(16);
});

test("pairwise by addresses gives at most what is there, in whole extents", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "C" }],
    volumes: [
      {
        id: "v",
        blockCount: 80,
        extentBlocks: 8,
        ranges: [
          ["c-A", 40],
          ["c-B", 48],
          ["c-C", 80],
        ],
      },
    ],
  });
  const request = { strategy: "pairwise", transfer: { addresses: 31 }, force: true } as const;
  const plan = planRebalance(state, request);
  expect(plan.processes.map((p) => p.addressesAfter)).toEqual([0, 32, 48]);
});

test.each<[RebalanceRequest, string]>([
  [{ strategy: "pairwise" }, "no-links"],
  [{ strategy: "proportional" }, "no-links"],
])("%j without links moves nothing", (request, code) => {
  const state = clusterOf({
    processes: [{ id: "A" }, { id: "B" }],
    volumes: [{ id: "v", blockCount: 10 }],
  });
  const plan = planRebalance(state, request);
  expect(plan.moves).toHaveLength(0);
  expect(codes(plan)).toEqual([code]);
});
