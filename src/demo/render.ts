/** The story for a terminal, and for machines. */
import type { LoadResult } from "../simulator/load.ts";
import type { Chapter, Story } from "./story.ts";

const BAR_WIDTH = 50;
/** Of a larger system the busiest and the idlest are shown. */
const ROWS_MAX = 12;

type Row = LoadResult["processes"][number];

/** One chapter; `scale` is the work that fills a bar. */
export function renderChapter(chapter: Chapter, first: Chapter): string {
  const { name, load, modelledImbalance, countedImbalance, rebalance } = chapter;
  const scale = Math.max(...first.load.processes.map(totalOf));
  const rows = rowsShown(load.processes);
  const width = Math.max(...rows.map(({ process }) => process.spec.id.length));
  const gain = load.throughput / first.load.throughput - 1;
  const change = chapter === first ? "" : `  (${signed(gain)} against the first)`;
  return [
    `\n${name}${rebalance ? `: ${moved(rebalance)}` : ""}`,
    ...rows.map((row) => `  ${row.process.spec.id.padEnd(width)} ${barOf(row, scale)}`),
    rows.length < load.processes.length ? `  … of ${load.processes.length} processes` : "",
    `  busiest ÷ mean: ${modelledImbalance.toFixed(3)} modelled, ${countedImbalance.toFixed(3)} counted`,
    `  throughput ${load.throughput.toFixed(0)}${change}, write latency ${load.writeLatency.toFixed(0)}, ` +
      `oldest data not at the target ${load.recoveryPoint.toFixed(0)}`,
  ]
    .filter((line) => line !== "")
    .join("\n");
}

export const LEGEND =
  "█ I/O of the C-node  ▓ replication of the R-node  ░ routing and storing\n" +
  "throughput is in I/Os per 1,000 units of time; the slowest process sets the pace";

function moved({ movedAddresses, minimumMovedAddresses, rangesAfter }: Chapter["rebalance"] & {}) {
  return `${movedAddresses} addresses moved, the least possible is ${minimumMovedAddresses}; ${rangesAfter} ranges`;
}

function totalOf({ process, work }: Row): number {
  return (work.cNode + work.routing + work.replication + work.dNode) / process.spec.weight;
}

function rowsShown(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= ROWS_MAX) return rows;
  const byWork = [...rows].sort((a, b) => totalOf(b) - totalOf(a));
  return [...byWork.slice(0, ROWS_MAX / 2), ...byWork.slice(-ROWS_MAX / 2)];
}

function barOf(row: Row, scale: number): string {
  const { work } = row;
  const cells = (amount: number) =>
    Math.max(0, Math.round((BAR_WIDTH * amount) / row.process.spec.weight / scale));
  const bar =
    "█".repeat(cells(work.cNode)) +
    "▓".repeat(cells(work.replication)) +
    "░".repeat(cells(work.routing + work.dNode));
  return `${bar} ${totalOf(row).toFixed(0)}`;
}

function signed(fraction: number): string {
  return `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(1)} %`;
}

export function storyAsJson({ replicationCost, chapters }: Story): object {
  const [first] = chapters;
  return {
    replicationCost,
    chapters: chapters.map(({ name, load, rebalance, ...imbalance }) => ({
      name,
      ...imbalance,
      throughput: load.throughput,
      throughputGained: load.throughput / first!.load.throughput - 1,
      ioCount: load.ioCount,
      refusals: load.refusals,
      writeLatency: load.writeLatency,
      recoveryPoint: load.recoveryPoint,
      ...(rebalance ? { rebalance: rebalanceAsJson(rebalance) } : {}),
      processes: load.processes.map(({ process, work }) => ({
        processId: process.spec.id,
        work,
      })),
    })),
  };
}

function rebalanceAsJson(rebalance: Chapter["rebalance"] & {}) {
  const { id, state, revision, movedAddresses, minimumMovedAddresses, imbalance } = rebalance;
  return { id, state, revision, movedAddresses, minimumMovedAddresses, imbalance };
}
