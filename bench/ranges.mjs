/**
 * How well the table holds together: ranges after link flaps, and on tiny tables the ranges that a
 * plan leaves against the fewest that any plan with the same movement could leave.
 */
import { AddressMap } from "../dist/core/address-map.js";
import {
  assignLink,
  emptyState,
  putLink,
  putProcess,
  putStorageServer,
  putVolume,
  releaseLink,
} from "../dist/core/cluster-state.js";
import { makeMoves } from "../dist/core/rebalance/moves.js";
import { planRebalance } from "../dist/core/rebalance/plan.js";
import { finish } from "../dist/core/steps.js";
import { firstLayout } from "../dist/core/volume-layout.js";
import { fewestRanges } from "./fewest-ranges.mjs";
import { generator } from "./support.mjs";

const FLAPS = 1000;
const PROCESSES = 100;
const BLOCKS = 10_000_000;
const CONSOLIDATED_PART = 0.1;
const TINY_TABLES = 300;

export async function ranges() {
  const rows = [];
  for (const [name, weightOf] of [
    ["equal weights", () => 1000],
    ["weights from 0.5 to 3.25", (i) => 500 + 250 * ((7 * i) % 12)],
  ]) {
    for (const toleranceMicro of [0, 10_000]) {
      const tolerance = `tolerance ${toleranceMicro / 1_000_000}`;
      const state = afterFlaps(weightOf, toleranceMicro);
      const what = `ranges per C-node after ${FLAPS} flaps, ${name}, ${tolerance}`;
      rows.push([what, perCNode(state.volumes.get("v").map.rangeCount)]);
      if (toleranceMicro > 0) continue;
      const maxMovedAddresses = BLOCKS * CONSOLIDATED_PART;
      const plan = planRebalance(state, { strategy: "consolidate", maxMovedAddresses });
      const consolidated = "… consolidated by moving 10 % of all addresses";
      rows.push([consolidated, perCNode(plan.rangesAfter)]);
    }
  }
  const { mean, best } = againstExact();
  rows.push([`ranges after ÷ fewest, ${TINY_TABLES} tiny tables, mean`, mean.toFixed(3)]);
  rows.push(["part of them that are left with the fewest", `${(100 * best).toFixed(0)} %`]);
  return { title: "Ranges", header: ["what", "value"], rows };
}

function afterFlaps(weightOf, toleranceMicro) {
  const below = generator(1);
  const specs = Array.from({ length: PROCESSES }, (_, i) => ({
    weightMilli: weightOf(i),
    linked: i < PROCESSES / 2,
  }));
  let state = withVolume(clusterOf(specs), BLOCKS);
  for (let flap = 0; flap < FLAPS; flap++) {
    const i = below(PROCESSES / 2);
    const linkId = `l-${i}`;
    state = state.linkAssignments.has(linkId)
      ? releaseLink(state, linkId)
      : assignLink(state, linkId, `r-${i}`);
    const { moves } = planRebalance(state, { strategy: "equalize", toleranceMicro });
    state = finish(makeMoves(state, moves));
  }
  return state;
}

function perCNode(rangeCount) {
  return (rangeCount / PROCESSES).toFixed(1);
}

function againstExact() {
  const below = generator(7);
  let [sum, best] = [0, 0];
  for (let i = 0; i < TINY_TABLES; i++) {
    const members = 2 + below(3);
    const owners = Array.from({ length: 9 }, () => below(members));
    let state = clusterOf(Array.from({ length: members }, () => ({ weightMilli: 1000 })));
    const rangesNow = owners.map((owner, lba) => ({
      firstLba: lba,
      lastLba: lba,
      cNodeId: `c-${owner}`,
    }));
    state = withVolume(state, owners.length, rangesNow);
    const plan = planRebalance(state, { strategy: "equalize" });
    const sizes = plan.processes.map(({ addressesAfter }) => addressesAfter);
    const fewest = fewestRanges(owners, sizes);
    sum += plan.rangesAfter / fewest;
    best += plan.rangesAfter === fewest ? 1 : 0;
  }
  return { mean: sum / TINY_TABLES, best: best / TINY_TABLES };
}

function clusterOf(specs) {
  let state = emptyState({ clusterId: "bench", generation: 1 });
  const revisions = { registeredRevision: 1, revision: 1 };
  state = putStorageServer(state, { id: "s", state: "active", ...revisions });
  for (const [i, { weightMilli, linked }] of specs.entries()) {
    state = putProcess(state, {
      id: `p-${String(i).padStart(3, "0")}`,
      storageServerId: "s",
      rNodeId: `r-${i}`,
      cNodeId: `c-${i}`,
      weightMilli,
      state: "active",
      revision: 1,
    });
    state = putLink(state, { id: `l-${i}`, state: "up", revision: 1 });
    if (linked) state = assignLink(state, `l-${i}`, `r-${i}`);
  }
  return state;
}

function withVolume(state, blockCount, entries) {
  const shape = { id: "v", blockCount, extentBlocks: 1, createdRevision: 1, revision: 1 };
  const layout = entries ?? firstLayout(state, { volumeId: "v", blockCount, extentBlocks: 1 });
  return putVolume(state, { ...shape, map: AddressMap.of(layout) });
}
