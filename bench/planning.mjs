/**
 * Planning time and memory against ranges, processes and links, on tables of ranges of one length
 * and, last, of random lengths and owners. The two strategies that name every pair of a linked and
 * an unlinked process are measured to a million pairs.
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
import { generator, median } from "./support.mjs";

const RUNS = 3;
const BLOCKS_PER_RANGE = 1000;

const PAIRS_MAX = 1_000_000;
const BY_PAIRS = ["pairwise", "proportional"];

const STRATEGIES = ["equalize", "pairwise", "proportional", "consolidate"];

const SHAPES = [
  { ranges: 1_000, processes: 10, links: 6 },
  { ranges: 10_000, processes: 10, links: 6 },
  { ranges: 100_000, processes: 10, links: 6 },
  { ranges: 1_000_000, processes: 10, links: 6 },
  { ranges: 1_000_000, processes: 100, links: 66 },
  { ranges: 1_000_000, processes: 1_000, links: 666 },
  { ranges: 1_000_000, processes: 10_000, links: 6_666 },
  { ranges: 1_000_000, processes: 10_000, links: 100 },
  { ranges: 1_000_000, processes: 10_000, links: 100, random: true },
  { ranges: 1_000_000, processes: 10_000, links: 3_333, random: true },
  { ranges: 1_000_000, processes: 10_000, links: 9_000, random: true },
];

export async function planning() {
  const rows = [];
  for (const strategy of STRATEGIES) {
    let first;
    for (const shape of SHAPES) {
      const { ranges, processes, links, random } = shape;
      if (BY_PAIRS.includes(strategy) && links * (processes - links) > PAIRS_MAX) continue;
      const { timeMs, moves, bytes } = measure(clusterOf(shape), strategy);
      const work = ranges * Math.log2(ranges);
      first ??= { timeMs, work };
      const growth = timeMs / first.timeMs / (work / first.work);
      rows.push([
        strategy,
        `${ranges.toLocaleString("en")}${random ? ", random" : ""}`,
        processes.toLocaleString("en"),
        links.toLocaleString("en"),
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
      "links",
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

/** Links are spread over the processes. */
function clusterOf({ ranges, processes, links, random }) {
  let state = emptyState({ clusterId: "bench", generation: 1 });
  state = putStorageServer(state, {
    id: "s",
    state: "active",
    registeredRevision: 1,
    revision: 1,
  });
  for (let i = 0; i < processes; i++) {
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
    if (Math.floor(((i + 1) * links) / processes) === Math.floor((i * links) / processes)) continue;
    state = putLink(state, { id: `l-${i}`, state: "up", revision: 1 });
    state = assignLink(state, `l-${i}`, member.rNodeId);
  }
  const map = AddressMap.of(random ? randomRanges(ranges, processes) : inTurn(ranges, processes));
  return putVolume(state, {
    id: "v",
    blockCount: map.blockCount,
    extentBlocks: 1,
    createdRevision: 1,
    revision: 1,
    map,
  });
}

/** Over all C-nodes, so that nothing lies together. */
function* inTurn(rangeCount, processCount) {
  for (let i = 0; i < rangeCount; i++) {
    const firstLba = i * BLOCKS_PER_RANGE;
    const lastLba = firstLba + BLOCKS_PER_RANGE - 1;
    yield { firstLba, lastLba, cNodeId: `c-${i % processCount}` };
  }
}

function* randomRanges(rangeCount, processCount) {
  const below = generator(7);
  let [firstLba, owner] = [0, -1];
  for (let i = 0; i < rangeCount; i++) {
    // Never the same one twice, or the two would be one range.
    owner = (owner + 1 + below(processCount - 1)) % processCount;
    const lastLba = firstLba + below(2 * BLOCKS_PER_RANGE);
    yield { firstLba, lastLba, cNodeId: `c-${owner}` };
    firstLba = lastLba + 1;
  }
}
