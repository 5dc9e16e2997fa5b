/** A large change is taken in steps, between which others are served: also one of many volumes. */
import { expect, test } from "vitest";
import { digestOfMaps } from "../../src/core/changed-rows.ts";
import { changesBetween, changesInSteps } from "../../src/core/changes.ts";
import { type ClusterState, putVolume } from "../../src/core/cluster-state.ts";
import { lostRevisionsAfter } from "../../src/core/losses.ts";
import type { CNodeId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Steps } from "../../src/core/steps.ts";
import { applyPlan, clusterOf } from "../support/cluster.ts";

/** Each far from a step of its own. */
const RANGES_PER_VOLUME = 4_000;
/** What nothing may pass without a pause: some times what one step compares. */
const ROWS_PER_STEP_MAX = 3 * 32_768;

function changed(volumeCount: number): [before: ClusterState, after: ClusterState] {
  const ranges = Array.from({ length: RANGES_PER_VOLUME }, (_, i) => {
    return [i % 2 === 0 ? "c-A" : "c-B", 10 * (i + 1)] as const;
  });
  const volumes = Array.from({ length: volumeCount }, (_, i) => ({
    ...{ id: `v-${i}`, blockCount: 10 * RANGES_PER_VOLUME, ranges },
  }));
  const processes = [{ id: "A", draining: true }, { id: "B" }, { id: "C" }];
  const before = clusterOf({ processes, volumes });
  return [before, applyPlan(before, planRebalance(before, { strategy: "equalize" }))];
}

function stepsOf(steps: Steps<unknown>): number {
  let count = 1;
  while (!steps.next().done) count++;
  return count;
}

test("many volumes take as many steps as their rows do", () => {
  const [before, after] = changed(64);
  const changes = changesBetween(before, after);
  const rows = changes.maps.reduce(
    (sum, { removed, added }) => sum + removed.owner.length + added.owner.length,
    0,
  );
  const least = Math.floor(rows / ROWS_PER_STEP_MAX);
  expect(least).toBeGreaterThan(1);
  expect(stepsOf(changesInSteps(before, after))).toBeGreaterThanOrEqual(least);
  expect(stepsOf(lostRevisionsAfter(before, after, changes, 8))).toBeGreaterThanOrEqual(least);
  expect(stepsOf(digestOfMaps(changes.maps))).toBeGreaterThanOrEqual(least);
});

test("ranges that stay count, too: they are compared as well", () => {
  const [before] = changed(64);
  // Some of every chunk of a map, so that none is the same in both and passed.
  const touched = [...before.volumes.values()].reduce((state, volume) => {
    const ranges = [...volume.map.ranges()].filter((_, i) => i % 500 === 0);
    const map = volume.map.paint(ranges.map((range) => ({ ...range, cNodeId: "c-C" as CNodeId })));
    return putVolume(state, { ...volume, map });
  }, before);
  const least = Math.floor((64 * RANGES_PER_VOLUME) / ROWS_PER_STEP_MAX);
  expect(least).toBeGreaterThan(1);
  expect(stepsOf(changesInSteps(before, touched))).toBeGreaterThanOrEqual(least);
});

test("a small change is taken at once", () => {
  const [before, after] = changed(1);
  const changes = changesBetween(before, after);
  expect(stepsOf(changesInSteps(before, after))).toBe(1);
  expect(stepsOf(lostRevisionsAfter(before, after, changes, 8))).toBe(1);
});
