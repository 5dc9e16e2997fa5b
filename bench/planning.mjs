/**
 * Planning time and memory against ranges, processes, links and volumes, on tables of ranges of one
 * length and of random lengths and owners. Where a plan would take too many moves, the time is that
 * of its refusal.
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
  { ranges: 1_000_000, processes: 10_000, links: 100, volumes: 100 },
  { ranges: 1_000_000, processes: 10_000, links: 100, volumes: 100, random: true },
];

const SMALLEST_AND_LAST = [SHAPES[0], ...SHAPES.slice(-5)];

/** `budget`: a part of all addresses. */
const REQUESTS = [
  { strategy: "equalize" },
  { strategy: "equalize", tolerance: 0.01 },
  { strategy: "equalize", budget: 0.01 },
  { strategy: "pairwise" },
  { strategy: "proportional" },
  { strategy: "proportional", budget: 0.01 },
  { strategy: "consolidate" },
  { strategy: "consolidate", tolerance: 0.01 },
  { strategy: "consolidate", budget: 0.1 },
];

export async function planning() {
  const rows = [];
  for (const request of REQUESTS) {
    let first;
    const isPlain = Object.keys(request).length === 1;
    for (const shape of isPlain ? SHAPES : SMALLEST_AND_LAST) {
      const { ranges, processes, links } = shape;
      const { timeMs, moves, bytes } = measure(clusterOf(shape), request);
      const work = ranges * Math.log2(ranges);
      first ??= { timeMs, work };
      const growth = timeMs / first.timeMs / (work / first.work);
      rows.push([
        nameOf(request),
        tableOf(shape),
        processes.toLocaleString("en"),
        links.toLocaleString("en"),
        moves?.toLocaleString("en") ?? "refused",
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
function measure(state, request) {
  const timesMs = [];
  let moves;
  let bytes = 0;
  for (let run = 0; run < RUNS; run++) {
    const before = process.memoryUsage();
    const start = performance.now();
    moves = movesOf(state, request);
    timesMs.push(performance.now() - start);
    const after = process.memoryUsage();
    const added = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    bytes = Math.max(bytes, added);
  }
  return { timeMs: median(timesMs), moves, bytes };
}

/** How many; undefined where they are too many. */
function movesOf(state, { strategy, tolerance, budget }) {
  const blockCount = [...state.volumes.values()].reduce((sum, it) => sum + it.blockCount, 0);
  try {
    const { moves } = planRebalance(state, {
      strategy,
      toleranceMicro: tolerance && 1_000_000 * tolerance,
      maxMovedAddresses: budget && Math.floor(budget * blockCount),
    });
    return moves.length;
  } catch (error) {
    if (error.code === "too-many-moves") return undefined;
    throw error;
  }
}

function nameOf({ strategy, tolerance, budget }) {
  if (tolerance) return `${strategy}, tolerance ${tolerance}`;
  return budget ? `${strategy}, budget ${100 * budget} %` : strategy;
}

function tableOf({ ranges, volumes, random }) {
  const count = ranges.toLocaleString("en");
  return `${count}${random ? ", random" : ""}${volumes ? `, ${volumes} volumes` : ""}`;
}

/** Links are spread over the processes. */
function clusterOf({ ranges, processes, links, random, volumes = 1 }) {
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
  const below = generator(7);
  for (let i = 0; i < volumes; i++) {
    const count = ranges / volumes;
    const map = AddressMap.of(
      random ? randomRanges(count, processes, below) : inTurn(count, processes),
    );
    state = putVolume(state, {
      id: `v-${i}`,
      blockCount: map.blockCount,
      extentBlocks: 1,
      createdRevision: 1,
      revision: 1,
      map,
    });
  }
  return state;
}

/** Over all C-nodes, so that nothing lies together. */
function* inTurn(rangeCount, processCount) {
  for (let i = 0; i < rangeCount; i++) {
    const firstLba = i * BLOCKS_PER_RANGE;
    const lastLba = firstLba + BLOCKS_PER_RANGE - 1;
    yield { firstLba, lastLba, cNodeId: `c-${i % processCount}` };
  }
}

function* randomRanges(rangeCount, processCount, below) {
  let [firstLba, owner] = [0, -1];
  for (let i = 0; i < rangeCount; i++) {
    // Never the same one twice, or the two would be one range.
    owner = (owner + 1 + below(processCount - 1)) % processCount;
    const lastLba = firstLba + below(2 * BLOCKS_PER_RANGE);
    yield { firstLba, lastLba, cNodeId: `c-${owner}` };
    firstLba = lastLba + 1;
  }
}
