import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { Refusal } from "../../src/core/errors.ts";
import type { CNodeId, OwnedRange, VolumeId } from "../../src/core/model.ts";
import { firstLayout, growthLayout } from "../../src/core/volume-layout.ts";
import {
  clusterArbitrary,
  clusterOf,
  type ProcessSpec,
  rangesEndingAt,
} from "../support/cluster.ts";
import { isActive } from "../support/exact-model.ts";

const volumeId = "volume" as VolumeId;

/** Largest remainder, then hash, of the shares by weight. */
function sharesByWeight(state: ClusterState, extents: number): Map<CNodeId, number> {
  const active = [...state.processes.values()].filter((process) => isActive(state, process));
  const weight = active.reduce((sum, { weightMilli }) => sum + weightMilli, 0);
  const exact = active.map(({ cNodeId, weightMilli }) => {
    const parts = BigInt(extents) * BigInt(weightMilli);
    return {
      cNodeId,
      floor: Number(parts / BigInt(weight)),
      remainder: Number(parts % BigInt(weight)),
      tie: hash("sha256", `${volumeId}\t${cNodeId}`),
    };
  });
  const left = extents - exact.reduce((sum, { floor }) => sum + floor, 0);
  exact.sort((a, b) => b.remainder - a.remainder || (a.tie < b.tie ? -1 : 1));
  return new Map(exact.map(({ cNodeId, floor }, i) => [cNodeId, i < left ? floor + 1 : floor]));
}

function expectJoined(ranges: readonly OwnedRange[], first: number, end: number): void {
  let next = first;
  for (const { firstLba, lastLba } of ranges) {
    expect(firstLba).toBe(next);
    expect(lastLba).toBeGreaterThanOrEqual(firstLba);
    next = lastLba + 1;
  }
  expect(next).toBe(end);
}

const lengths = (ranges: readonly OwnedRange[], extentBlocks: number) =>
  new Map(ranges.map((r) => [r.cNodeId, (r.lastLba - r.firstLba + 1) / extentBlocks]));

const extentCounts = fc.oneof(
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 1, max: 10 ** 12 }),
);
const extentSizes = fc.integer({ min: 1, max: 8 });

test("the first layout has one part per active C-node, in id order, sized by weight", () => {
  fc.assert(
    fc.property(clusterArbitrary(), extentCounts, extentSizes, (state, extents, extentBlocks) => {
      const blockCount = extents * extentBlocks;
      const ranges = firstLayout(state, { volumeId, blockCount, extentBlocks });
      expectJoined(ranges, 0, blockCount);
      const owners = ranges.map(({ cNodeId }) => cNodeId);
      expect(owners).toEqual(owners.toSorted());
      const expected = [...sharesByWeight(state, extents)].filter(([, size]) => size > 0);
      expect(lengths(ranges, extentBlocks)).toEqual(new Map(expected));
    }),
    { numRuns: 300 },
  );
});

test("growth is shared by weight, the last owner's part first where it is active", () => {
  fc.assert(
    fc.property(clusterArbitrary({ volumesMax: 1 }), extentCounts, (state, extents) => {
      const [volume] = state.volumes.values();
      const { map, extentBlocks } = volume!;
      const blockCount = map.blockCount + extents * extentBlocks;
      const ranges = growthLayout(state, { volumeId, map, blockCount, extentBlocks });
      expectJoined(ranges, map.blockCount, blockCount);
      const expected = sharesByWeight(state, extents);
      const some = [...expected].filter(([, size]) => size > 0);
      expect(lengths(ranges, extentBlocks)).toEqual(new Map(some));
      const lastOwner = map.ownerAt(map.blockCount - 1);
      const rest = ranges.map(({ cNodeId }) => cNodeId);
      if ((expected.get(lastOwner) ?? 0) > 0) expect(rest.shift()).toBe(lastOwner);
      expect(rest).toEqual(rest.toSorted());
      expect(map.extend(ranges).rangeCount).toBeLessThanOrEqual(map.rangeCount + ranges.length);
    }),
    { numRuns: 300 },
  );
});

test("three equal C-nodes and ten blocks", () => {
  const state = clusterOf({ processes: [{ id: "1" }, { id: "2" }, { id: "3" }] });
  const ranges = firstLayout(state, { volumeId, blockCount: 9, extentBlocks: 1 });
  expect(ranges).toEqual(
    rangesEndingAt([
      ["c-1", 3],
      ["c-2", 6],
      ["c-3", 9],
    ]),
  );
  const map = AddressMap.of(ranges);
  const growth = growthLayout(state, { volumeId, map, blockCount: 15, extentBlocks: 1 });
  expect(growth.map((r) => [r.cNodeId, r.firstLba, r.lastLba])).toEqual([
    ["c-3", 9, 10],
    ["c-1", 11, 12],
    ["c-2", 13, 14],
  ]);
});

test("a thousand tiny volumes don't land on the same few C-nodes", () => {
  const processes = [...Array(10).keys()].map((i): ProcessSpec => ({ id: `${i}` }));
  const state = clusterOf({ processes });
  const counts = new Map<CNodeId, number>();
  for (let i = 0; i < 1000; i++) {
    const tiny = { volumeId: `v${i}` as VolumeId, blockCount: 1, extentBlocks: 1 };
    const { cNodeId } = firstLayout(state, tiny)[0]!;
    counts.set(cNodeId, (counts.get(cNodeId) ?? 0) + 1);
  }
  expect(counts.size).toBe(10);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
});

test("without an active process there is no layout", () => {
  const state = clusterOf({ processes: [{ id: "A", draining: true }] });
  const volume = { volumeId, blockCount: 10, extentBlocks: 1 };
  const map = AddressMap.of(rangesEndingAt([["c-A", 5]]));
  const refusals = [
    () => firstLayout(state, volume),
    () => growthLayout(state, { ...volume, map }),
  ];
  for (const layOut of refusals) {
    expect(layOut).toThrow(Refusal);
    expect(layOut).toThrow(expect.objectContaining({ code: "no-active-processes" }));
  }
});
