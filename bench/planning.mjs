/** Planning time of `equalize` against ranges and processes, on tables with two thirds linked. */
import { AddressMap } from "../dist/core/address-map.js";
import {
  assignLink,
  emptyState,
  putLink,
  putProcess,
  putStorageServer,
  putVolume,
} from "../dist/core/cluster-state.js";
import { planRebalance } from "../dist/core/rebalance/plan.js";
import { median } from "./support.mjs";

const RUNS = 5;
const BLOCKS_PER_RANGE = 1000;

const SHAPES = [
  [1_000, 10],
  [10_000, 10],
  [100_000, 10],
  [1_000_000, 10],
  [1_000_000, 100],
  [1_000_000, 1_000],
  [1_000_000, 10_000],
];

export async function planning() {
  const rows = [];
  let first;
  for (const [ranges, processes] of SHAPES) {
    const state = clusterOf(ranges, processes);
    const timesMs = [];
    let moves = 0;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      moves = planRebalance(state, { strategy: "equalize" }).moves.length;
      timesMs.push(performance.now() - start);
    }
    const timeMs = median(timesMs);
    const work = ranges * Math.log2(ranges);
    first ??= { timeMs, work };
    const growth = timeMs / first.timeMs / (work / first.work);
    rows.push([
      ranges.toLocaleString("en"),
      processes.toLocaleString("en"),
      moves.toLocaleString("en"),
      `${timeMs.toFixed(1)} ms`,
      growth.toFixed(2),
    ]);
  }
  return {
    title: "Planning (`equalize`)",
    header: ["ranges", "processes", "moves", "time", "growth ÷ R log R"],
    rows,
  };
}

/** Ranges in turn over all C-nodes, so that nothing lies together. */
function clusterOf(rangeCount, processCount) {
  let state = emptyState({ clusterId: "bench", generation: 1 });
  state = putStorageServer(state, {
    id: "s",
    state: "active",
    registeredRevision: 1,
    revision: 1,
  });
  for (let i = 0; i < processCount; i++) {
    const process = {
      id: `p-${String(i).padStart(5, "0")}`,
      storageServerId: "s",
      rNodeId: `r-${i}`,
      cNodeId: `c-${i}`,
      weightMilli: 1000,
      state: "active",
      revision: 1,
    };
    state = putProcess(state, process);
    if (i % 3 === 2) continue;
    state = putLink(state, { id: `l-${i}`, state: "up", revision: 1 });
    state = assignLink(state, `l-${i}`, process.rNodeId);
  }
  const map = AddressMap.of(rangesInTurn(rangeCount, processCount));
  return putVolume(state, {
    id: "v",
    blockCount: map.blockCount,
    extentBlocks: 1,
    createdRevision: 1,
    revision: 1,
    map,
  });
}

function* rangesInTurn(rangeCount, processCount) {
  for (let i = 0; i < rangeCount; i++) {
    const firstLba = i * BLOCKS_PER_RANGE;
    yield {
      firstLba,
      lastLba: firstLba + BLOCKS_PER_RANGE - 1,
      cNodeId: `c-${i % processCount}`,
    };
  }
}
