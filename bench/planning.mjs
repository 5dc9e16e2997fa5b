/**
 * Planning time and memory against ranges and processes, on tables with two thirds linked. The two
 * strategies that name every pair of processes are measured as far as the pairs stay few.
 */
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

const RUNS = 3;
const BLOCKS_PER_RANGE = 1000;

/** For each linked and unlinked process a move of its own: a million with 3,000 processes. */
const PROCESSES_MAX = { pairwise: 1_000, proportional: 1_000 };

const STRATEGIES = ["equalize", "pairwise", "proportional", "consolidate"];

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
  for (const strategy of STRATEGIES) {
    let first;
    for (const [ranges, processes] of SHAPES) {
      if (processes > (PROCESSES_MAX[strategy] ?? Number.POSITIVE_INFINITY)) continue;
      const { timeMs, moves, bytes } = measure(clusterOf(ranges, processes), strategy);
      const work = ranges * Math.log2(ranges);
      first ??= { timeMs, work };
      const growth = timeMs / first.timeMs / (work / first.work);
      rows.push([
        strategy,
        ranges.toLocaleString("en"),
        processes.toLocaleString("en"),
        moves.toLocaleString("en"),
        `${timeMs.toFixed(1)} ms`,
        growth.toFixed(2),
        Math.round(bytes / ranges).toLocaleString("en"),
      ]);
    }
  }
  return {
    title: "Planning",
    header: [
      "strategy",
      "ranges",
      "processes",
      "moves",
      "time",
      "growth ÷ R log R",
      "bytes per range",
    ],
    rows,
  };
}

/** Median time, and what one plan adds to heap and buffers before anything is collected. */
function measure(state, strategy) {
  const timesMs = [];
  let [moves, bytes] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const before = process.memoryUsage();
    const start = performance.now();
    moves = planRebalance(state, { strategy }).moves.length;
    timesMs.push(performance.now() - start);
    const after = process.memoryUsage();
    const added = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    bytes = Math.max(bytes, added);
  }
  return { timeMs: median(timesMs), moves, bytes };
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
    const member = {
      id: `p-${String(i).padStart(5, "0")}`,
      storageServerId: "s",
      rNodeId: `r-${i}`,
      cNodeId: `c-${i}`,
      weightMilli: 1000,
      state: "active",
      revision: 1,
    };
    state = putProcess(state, member);
    if (i % 3 === 2) continue;
    state = putLink(state, { id: `l-${i}`, state: "up", revision: 1 });
    state = assignLink(state, `l-${i}`, member.rNodeId);
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
