import { expect, test } from "vitest";
import { assignLink, type ClusterState, releaseLink } from "../../src/core/cluster-state.ts";
import type { LinkId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterOf, mapsOf } from "../support/cluster.ts";

type Table = readonly (readonly [cNodeId: string, end: number])[];

/** The table after `equalize`, with everybody active and of weight 1 but those in `draining`. */
function equalized(table: Table, draining: string[] = []): [string, number][] {
  const ids = [...new Set(table.map(([cNodeId]) => cNodeId.slice(2)))].sort();
  const state = clusterOf({
    processes: ids.map((id) => ({ id, draining: draining.includes(id) })),
    volumes: [{ id: "v", blockCount: table.at(-1)![1], ranges: table }],
  });
  const [change] = mapsOf(state, planRebalance(state, { strategy: "equalize" }));
  return [...change!.map.ranges()].map(({ cNodeId, lastLba }) => [cNodeId, lastLba + 1]);
}

test("a range between two of one receiver's is preferred, since it joins them", () => {
  const table: Table = [
    ["c-A", 10],
    ["c-D", 14],
    ["c-B", 44],
    ["c-A", 54],
    ["c-D", 58],
    ["c-A", 68],
  ];
  // A and B own 30 and are to have 34 each.
  expect(equalized(table, ["D"])).toEqual([
    ["c-A", 10],
    ["c-B", 44],
    ["c-A", 68],
  ]);
});

test("whole neighbours are absorbed on and on, from the left and from the right", () => {
  const table: Table = [
    ["c-D", 2],
    ["c-E", 4],
    ["c-A", 6],
    ["c-F", 20],
    ["c-B", 24],
  ];
  // A needs 10 and B 8. A takes E's and then D's range before it shares F's with B.
  const expected = [
    ["c-A", 12],
    ["c-B", 24],
  ];
  expect(equalized(table, ["D", "E", "F"])).toEqual(expected);
  const mirrored = table.map(([cNodeId], i): [string, number] => [
    cNodeId,
    24 - (table[i - 1]?.[1] ?? 0),
  ]);
  expect(equalized(mirrored.toReversed(), ["D", "E", "F"])).toEqual([
    ["c-B", 12],
    ["c-A", 24],
  ]);
});

test("boundaries slide to either side before anything is cut", () => {
  const table: Table = [
    ["c-A", 10],
    ["c-B", 70],
    ["c-C", 90],
  ];
  expect(equalized(table)).toEqual([
    ["c-A", 30],
    ["c-B", 60],
    ["c-C", 90],
  ]);
});

test("whole ranges go before cuts, the largest that fits first", () => {
  const table: Table = [
    ["c-A", 10],
    ["c-C", 20],
    ["c-B", 40],
    ["c-C", 50],
    ["c-D", 80],
    ["c-C", 90],
    ["c-D", 100],
    ["c-C", 110],
    ["c-D", 120],
  ];
  // Each of A … D is to have 30. A absorbs C's 10 next to its own, so A and B need 10 each, and
  // D's 30 is too long for either.
  expect(equalized(table)).toEqual([
    ["c-A", 20],
    ["c-B", 40],
    ["c-C", 50],
    ["c-D", 80],
    ["c-C", 90],
    ["c-A", 100],
    ["c-C", 110],
    ["c-B", 120],
  ]);
});

test("of several whole ranges the largest that fits goes", () => {
  const table: Table = [
    ["c-D", 4],
    ["c-C", 14],
    ["c-D", 24],
    ["c-C", 34],
    ["c-D", 64],
    ["c-C", 78],
    ["c-A", 102],
  ];
  // D has 10 too many, A has 10 too few.
  const expected = table.map(([cNodeId, end]) => [end === 24 ? "c-A" : cNodeId, end]);
  expect(equalized(table)).toEqual(expected);
});

test("what is left is cut off the largest range", () => {
  const table: Table = [
    ["c-A", 50],
    ["c-B", 60],
    ["c-C", 70],
    ["c-A", 100],
    ["c-C", 120],
  ];
  // A gives 40 of 80: 30 to B, 10 to C; slides come first.
  const after = equalized(table);
  expect(after.length).toBeLessThanOrEqual(table.length + 1);
  const sizes = new Map<string, number>();
  for (const [i, [cNodeId, end]] of after.entries()) {
    sizes.set(cNodeId, (sizes.get(cNodeId) ?? 0) + end - (after[i - 1]?.[1] ?? 0));
  }
  expect(Object.fromEntries(sizes)).toEqual({ "c-A": 40, "c-B": 40, "c-C": 40 });
});

/** Ranges after each of `flips` times that a link goes down or comes up somewhere else. */
function flap(request: RebalanceRequest, flips: number): number[] {
  const count = 24;
  const links = 6;
  const name = (i: number) => String(i).padStart(2, "0");
  let state: ClusterState = clusterOf({
    processes: [...Array(count).keys()].map((i) => ({ id: name(i), linked: i < links })),
    volumes: [{ id: "v", blockCount: 1_000_000 }],
  });
  let random = 1;
  const next = (limit: number) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * limit);
  };
  const rangeCounts: number[] = [];
  for (let flip = 0; flip < flips; flip++) {
    const linkId = `link-${name(next(links))}` as LinkId;
    const held = state.index.linkByRNode;
    const free = [...state.processes.values()].filter(({ rNodeId }) => !held.has(rNodeId));
    const { rNodeId } = free[next(free.length)]!;
    state = state.linkAssignments.has(linkId)
      ? releaseLink(state, linkId)
      : assignLink(state, linkId, rNodeId);
    const plan = planRebalance(state, request);
    state = applyPlan(state, plan);
    rangeCounts.push(plan.rangesAfter);
  }
  return rangeCounts;
}

test.each([0, 10_000])(
  "the table does not crumble while links flap, tolerance %i",
  (toleranceMicro) => {
    const rangeCounts = flap({ strategy: "equalize", toleranceMicro }, 1500);
    const most = (from: number, to: number) => Math.max(...rangeCounts.slice(from, to));
    // About sixteen ranges a process, and it levels off.
    expect(most(0, 1500)).toBeLessThan(24 * 24);
    expect(most(1000, 1500)).toBeLessThan(1.2 * most(500, 1000));
  },
);

test("a run of several owners' ranges goes to the neighbour that can take all of it", () => {
  const table: Table = [
    ["c-A", 10],
    ["c-D", 14],
    ["c-B", 24],
    ["c-D", 26],
    ["c-E", 28],
    ["c-D", 30],
    ["c-A", 40],
    ["c-C", 60],
  ];
  // Everybody is to own 20, so D and E give their 10 to B.
  expect(equalized(table, ["D", "E"])).toEqual([
    ["c-A", 10],
    ["c-B", 30],
    ["c-A", 40],
    ["c-C", 60],
  ]);
});
