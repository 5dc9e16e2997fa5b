import { expect, test } from "vitest";
import { type ClusterState, putStorageServer } from "../../src/core/cluster-state.ts";
import { Refusal } from "../../src/core/errors.ts";
import type { ProcessId, StorageServerId, VolumeId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import {
  addProcess,
  applyPlan,
  clusterOf,
  figureCluster,
  type ProcessSpec,
} from "../support/cluster.ts";

const id = (text: string) => text as ProcessId;
const pair = (linked: string, unlinked: string) => ({
  linkedProcessId: id(linked),
  unlinkedProcessId: id(unlinked),
});

const cluster = () =>
  clusterOf({
    processes: [
      { id: "A", linked: true },
      { id: "B" },
      { id: "D", draining: true },
      { id: "E", draining: true, linked: true },
    ],
    volumes: [{ id: "v", blockCount: 100 }],
  });

const equalize: RebalanceRequest = { strategy: "equalize" };

test.each<[string, RebalanceRequest, string[]]>([
  [
    "unknown-volume",
    { ...equalize, volumeIds: ["v", "x", "y"] as VolumeId[] },
    ["volumeIds[1]", "volumeIds[2]"],
  ],
  [
    "unknown-process",
    { strategy: "pairwise", pairs: [pair("A", "B"), pair("Z", "B")] },
    ["pairs[1].linkedProcessId"],
  ],
  [
    "unknown-process",
    { strategy: "pairwise", pairs: [pair("A", "Z")] },
    ["pairs[0].unlinkedProcessId"],
  ],
  ["not-linked", { strategy: "pairwise", pairs: [pair("B", "B")] }, ["pairs[0].linkedProcessId"]],
  ["not-linked", { strategy: "pairwise", pairs: [pair("E", "B")] }, ["pairs[0].linkedProcessId"]],
  [
    "not-unlinked",
    { strategy: "pairwise", pairs: [pair("A", "A")] },
    ["pairs[0].unlinkedProcessId"],
  ],
  [
    "not-unlinked",
    { strategy: "pairwise", pairs: [pair("A", "D")] },
    ["pairs[0].unlinkedProcessId"],
  ],
  [
    "unknown-process",
    { strategy: "proportional", receiverProcessIds: [id("B"), id("Z")] },
    ["receiverProcessIds[1]"],
  ],
  [
    "not-a-receiver",
    { strategy: "proportional", receiverProcessIds: ["A", "D", "B"].map(id) },
    ["receiverProcessIds[0]", "receiverProcessIds[1]"],
  ],
])("refuses with %s: %j", (code, request, paths) => {
  let refusal: unknown;
  try {
    planRebalance(cluster(), request);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(Refusal);
  expect((refusal as Refusal).code).toBe(code);
  expect((refusal as Refusal).errors?.map(({ path }) => path)).toEqual(paths);
  expect((refusal as Refusal).correction).toBeTruthy();
});

const one = (...processes: ProcessSpec[]) =>
  clusterOf({ processes, volumes: [{ id: "v", blockCount: 1000 }] });

function codesOf(state: ClusterState, request: RebalanceRequest): string[] {
  return planRebalance(state, request).explanations.map(({ code }) => code);
}

test("two cases that Eq. 1 has no answer for are only remarks to equalize", () => {
  const none = one({ id: "A" }, { id: "B" });
  const all = one({ id: "A", linked: true }, { id: "B", linked: true });
  for (const strategy of ["pairwise", "proportional"] as const) {
    expect(codesOf(none, { strategy, force: true })).toEqual(["no-links"]);
    expect(codesOf(all, { strategy, force: true })).toEqual(["all-linked"]);
  }
  expect(codesOf(none, equalize)).toEqual(["already-balanced", "no-links"]);
  expect(codesOf(all, equalize)).toEqual(["already-balanced", "all-linked"]);
});

test("plans without anything to plan say why", () => {
  const server = "server" as StorageServerId;
  const drained = putStorageServer(cluster(), {
    ...cluster().storageServers.get(server)!,
    state: "draining",
  });
  for (const strategy of ["equalize", "pairwise", "proportional"] as const) {
    const plan = planRebalance(drained, { strategy });
    expect(plan).toMatchObject({ processCount: 0, linkedProcessCount: 0, movedAddresses: 0 });
    expect(plan.moves).toHaveLength(0);
    expect(plan.explanations.map(({ code }) => code)).toEqual(["no-active-processes"]);
    expect(codesOf(cluster(), { strategy, volumeIds: [] })).toEqual(["no-volumes"]);
  }
  const [linkedProcessId, unlinkedProcessId] = [...drained.processes.keys()] as ProcessId[];
  const pairs = [{ linkedProcessId: linkedProcessId!, unlinkedProcessId: unlinkedProcessId! }];
  const named = [
    { strategy: "pairwise", pairs },
    { strategy: "proportional", receiverProcessIds: [linkedProcessId!] },
  ] as const;
  for (const request of named) expect(codesOf(drained, request)).toEqual(["no-active-processes"]);
  expect(codesOf(cluster(), { strategy: "pairwise", pairs: [] })).toEqual(["no-pairs"]);
  expect(codesOf(cluster(), { strategy: "proportional", receiverProcessIds: [] })).toEqual([
    "no-receivers",
  ]);
});

test("only the volumes asked for are planned, yet all are counted", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }],
    volumes: ["u", "v", "w"].map((volume) => ({ id: volume, blockCount: 100 })),
  });
  const volumeIds = ["w", "u", "w"] as VolumeId[];
  const plan = planRebalance(state, { ...equalize, volumeIds });
  expect(new Set(Array.from(plan.moves, ({ volumeId }) => volumeId))).toEqual(new Set(["u", "w"]));
  expect(plan.imbalance.volumes.map(({ volumeId }) => volumeId)).toEqual(["u", "w"]);
  expect(plan.rangesBefore).toBe(6);
  expect(plan.processes[0]).toMatchObject({ addressesBefore: 150, addressesAfter: 100 });
  expect(plan.imbalance.after).toBeGreaterThan(plan.imbalance.volumes[0]!.after);
});

test("a draining process is emptied, its link keeping its share of the work", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "E", draining: true, linked: true }],
    volumes: [{ id: "v", blockCount: 100, ranges: [["c-E", 100]] }],
  });
  const emptied = planRebalance(state, {
    ...equalize,
    replicationCostMicro: 400_000,
    maxMovedAddresses: 60,
  });
  expect(emptied.explanations.map(({ code, processId }) => [code, processId])).toEqual([
    ["late-joiner", "A"],
    ["late-joiner", "B"],
    ["draining", "E"],
    ["budget-exhausted", undefined],
  ]);
  expect(emptied.explanations[2]!.detail).toContain("60 addresses of c-E and keeps 40");
  // Two holders carry 0.4 · 100 / 2 = 20 each, so A is to get 40 and B 60.
  const all = planRebalance(state, { ...equalize, replicationCostMicro: 400_000 });
  expect(all.processes.map((process) => process.addressesAfter)).toEqual([40, 60, 0]);
  expect(all.processes.map((process) => process.loadAfter)).toEqual([60, 60, 20]);
  expect(all.imbalance.after).toBe(1);
  expect(all.replicationCost).toEqual({ value: 0.4, source: "request" });
});

test("a late joiner gets its share, and says so", () => {
  const settled = one({ id: "A" }, { id: "B" }, { id: "C" });
  const joined = addProcess(settled, { id: "D", weightMilli: 2000 });
  const plan = planRebalance(joined, equalize);
  expect(plan.processes.map((process) => process.addressesAfter)).toEqual([200, 200, 200, 400]);
  expect(plan.explanations).toMatchObject([
    { code: "late-joiner", processId: "D", detail: expect.stringContaining("400") },
    { code: "no-links" },
  ]);
});

test("what a tolerance holds back is told from a table that is level", () => {
  const state = clusterOf({
    processes: [{ id: "A" }, { id: "B" }],
    volumes: [
      {
        id: "v",
        blockCount: 100,
        ranges: [
          ["c-A", 52],
          ["c-B", 100],
        ],
      },
    ],
  });
  expect(codesOf(state, { ...equalize, toleranceMicro: 40_000 })).toEqual([
    "within-tolerance",
    "no-links",
  ]);
  const tight = planRebalance(state, { ...equalize, toleranceMicro: 20_000 });
  expect(tight.movedAddresses).toBe(1);
  const level = applyPlan(state, planRebalance(state, equalize));
  expect(codesOf(level, { ...equalize, toleranceMicro: 40_000 })).toEqual([
    "already-balanced",
    "no-links",
  ]);
});

test("amounts that round to nothing say so", () => {
  const state = one({ id: "A", linked: true }, { id: "B" });
  const plan = planRebalance(state, { strategy: "proportional", transfer: { fractionMicro: 999 } });
  expect(plan.explanations).toMatchObject([{ code: "rounded-to-nothing", volumeId: "v" }]);
  expect(plan.transferPercent).toBe(0.0999);
  // 0.001 of 500 is a half, and a half goes up.
  const half = planRebalance(state, {
    strategy: "proportional",
    transfer: { fractionMicro: 1000 },
  });
  expect(half.movedAddresses).toBe(1);
});

test("the cost of replication comes from the request, the settings or Eq. 1", () => {
  const source = (state: ClusterState, request: RebalanceRequest) =>
    planRebalance(state, request).replicationCost;
  expect(source(figureCluster(), equalize)).toEqual({ value: 2 / 3, source: "equation-1" });
  const processes = [{ id: "A", linked: true }, { id: "B" }];
  const set = clusterOf({ processes, replicationCostMicro: 0 });
  expect(source(set, equalize)).toEqual({ value: 0, source: "cluster" });
  const costly = clusterOf({ processes, replicationCostMicro: 2_500_000 });
  expect(source(costly, equalize)).toEqual({ value: 2.5, source: "cluster" });
  expect(source(costly, { ...equalize, replicationCostMicro: 0 })).toEqual({
    value: 0,
    source: "request",
  });
});

test("the plan hash stands for the base revision and the moves", () => {
  const plan = planRebalance(figureCluster(), equalize);
  const later = planRebalance({ ...figureCluster(), revision: 8 }, equalize);
  expect(plan.baseRevision).toBe(7);
  expect(plan.planHash).toMatch(/^[0-9a-f]{64}$/);
  expect([...later.moves]).toEqual([...plan.moves]);
  expect(later.planHash).not.toBe(plan.planHash);
});

test("a donor that owns nothing has nothing to give", () => {
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }, { id: "C", linked: true }],
    volumes: [
      {
        id: "v",
        blockCount: 100,
        ranges: [
          ["c-B", 10],
          ["c-C", 100],
        ],
      },
    ],
  });
  const request = { strategy: "pairwise", transfer: { addresses: 5 } } as const;
  expect(codesOf(state, { ...request, pairs: [pair("A", "B")] })).toEqual(["nothing-to-give"]);
  expect(planRebalance(state, request).movedAddresses).toBe(5);
});

test("where no pair is uneven, nothing comes of force either", () => {
  const processes = [{ id: "A", linked: true }, { id: "B" }];
  const state = clusterOf({
    ...{ processes, replicationCostMicro: 0 },
    volumes: [{ id: "v", blockCount: 100 }],
  });
  const request = { strategy: "pairwise" } as const;
  expect(codesOf(state, request)).toEqual(["would-not-improve"]);
  expect(codesOf(state, { ...request, force: true })).toEqual(["rounded-to-nothing"]);
});
