/**
 * A thousand random operations on one cluster: links flap, processes join, drain and leave,
 * volumes are made, grown and deleted, plans are taken back. After each of them `equalize` brings
 * the table where it belongs, by the least movement, and the table does not crumble.
 */
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { spreadFreeLinks } from "../../src/core/decisions/link-assignments.ts";
import { changeLink, registerLink } from "../../src/core/decisions/links.ts";
import { sortEntries } from "../../src/core/decisions/map-entries.ts";
import {
  changeProcess,
  deleteProcess,
  registerProcess,
} from "../../src/core/decisions/processes.ts";
import { deleteVolume, registerVolume, replaceMap } from "../../src/core/decisions/volumes.ts";
import type {
  CNodeId,
  LinkId,
  ProcessId,
  RNodeId,
  StorageServerId,
  VolumeId,
} from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { applyPlan, clusterOf, mapsOf, sizesIn } from "../support/cluster.ts";
import { isActive } from "../support/exact-model.ts";
import { Random } from "../support/random.ts";

const OPERATIONS = 1000;
const PROCESSES_MAX = 40;
const VOLUMES_MAX = 4;
const RANGES_PER_PROCESS_AND_VOLUME = 24;

const random = new Random(1_000);
let named = 0;

type Operation = (state: ClusterState) => ClusterState;

const flapLink: Operation = (state) => {
  const link = random.pick([...state.links.values()]);
  const next = changeLink(state, link.id, { state: link.state === "up" ? "down" : "up" });
  return spreadFreeLinks(next).state;
};

const join: Operation = (state) => {
  if (state.processes.size >= PROCESSES_MAX) return state;
  const id = `n${String(named++).padStart(4, "0")}`;
  const next = registerProcess(state, {
    id: id as ProcessId,
    storageServerId: "server" as StorageServerId,
    rNodeId: `r-${id}` as RNodeId,
    cNodeId: `c-${id}` as CNodeId,
    weightMilli: random.pick([500, 1000, 1000, 1000, 2000]),
  });
  if (random.chance(0.5)) return next;
  return spreadFreeLinks(registerLink(next, { id: `l-${id}` as LinkId })).state;
};

const drain: Operation = (state) => {
  const active = [...state.processes.values()].filter((process) => isActive(state, process));
  if (active.length < 10) return state;
  return changeProcess(state, random.pick(active).id, { state: "draining" });
};

/** Whoever is drained owns nothing, so it can go; if it holds a link, the link goes down first. */
const leave: Operation = (state) => {
  const drained = [...state.processes.values()].find(({ state: is }) => is === "draining");
  if (!drained) return state;
  const linkId = state.index.linkByRNode.get(drained.rNodeId);
  const free = linkId === undefined ? state : changeLink(state, linkId, { state: "down" });
  return deleteProcess(free, drained.id);
};

const makeVolume: Operation = (state) => {
  if (state.volumes.size >= VOLUMES_MAX) return state;
  const extentBlocks = random.pick([1, 1, 8]);
  const blockCount = extentBlocks * (1 + random.below(1_000_000));
  return registerVolume(state, { id: `v-${named++}` as VolumeId, blockCount, extentBlocks });
};

const growVolume: Operation = (state) => {
  const { id, blockCount, extentBlocks } = random.pick([...state.volumes.values()]);
  return registerVolume(state, {
    id,
    blockCount: blockCount + extentBlocks * random.below(50_000),
  });
};

const dropVolume: Operation = (state) =>
  state.volumes.size < 2 ? state : deleteVolume(state, random.pick([...state.volumes.keys()]));

/** Moves back what a plan to somewhere else has moved, by the map that was there before. */
const takeBack: Operation = (state) => {
  const plan = planRebalance(state, { strategy: "proportional", force: true });
  return mapsOf(state, plan).reduce(
    (next, { volumeId }) => {
      const entries = [...state.volumes.get(volumeId)!.map.ranges()];
      return replaceMap(next, volumeId, sortEntries(entries));
    },
    applyPlan(state, plan),
  );
};

const operations = [
  ...Array<Operation>(8).fill(flapLink),
  join,
  join,
  drain,
  leave,
  makeVolume,
  growVolume,
  dropVolume,
  takeBack,
];

test("a thousand operations, each followed by equalize", { timeout: 60_000 }, () => {
  const names = [...Array(24).keys()].map((i) => `p${i}`);
  let state = clusterOf({
    processes: names.map((id, i) => ({ id, linked: i < 12 })),
    volumes: [{ id: "v", blockCount: 1_000_000 }],
    // Low enough that link work alone exceeds nobody's level, so that all loads can be even.
    replicationCostMicro: 30_000,
  });
  let [moved, bound] = [0, 0];
  for (let i = 0; i < OPERATIONS; i++) {
    state = random.pick(operations)(state);
    const plan = planRebalance(state, { strategy: "equalize" });
    const after = applyPlan(state, plan);
    for (const volume of state.volumes.values()) {
      const { map } = after.volumes.get(volume.id)!;
      for (const [cNodeId, size] of sizesIn(volume.map)) {
        bound += Math.max(0, size - map.sizeOf(cNodeId));
      }
      const most = RANGES_PER_PROCESS_AND_VOLUME * state.processes.size;
      expect(map.rangeCount).toBeLessThanOrEqual(most);
    }
    moved += plan.movedAddresses;
    expectBalanced(after);
    state = after;
  }
  expect(moved).toBe(bound);
  expect(moved).toBeGreaterThan(0);
});

/** Who drains owns nothing, and nobody's load is more than an extent above another's target. */
function expectBalanced(state: ClusterState): void {
  for (const process of state.processes.values()) {
    if (isActive(state, process)) continue;
    for (const { map } of state.volumes.values()) expect(map.sizeOf(process.cNodeId)).toBe(0);
  }
  const again = planRebalance(state, { strategy: "equalize" });
  expect(again.movedAddresses).toBe(0);
  for (const volume of again.imbalance.volumes) {
    const { blockCount, extentBlocks } = state.volumes.get(volume.volumeId)!;
    const extents = blockCount / extentBlocks;
    // One extent for the lightest process, of weight 0.5, against the mean load of a process.
    const rounding = (4 * state.processes.size) / extents;
    expect(volume.after).toBeLessThanOrEqual(1 + rounding);
  }
}
