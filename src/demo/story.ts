/**
 * What the demo does: the same load before and after a rebalance, and again when a link is gone.
 * The tables go to the storage servers as they do in earnest, and the load goes by the tables.
 */

import { type LoadOptions, type LoadResult, runLoad, WRITTEN_FRACTION } from "../simulator/load.ts";
import type { Cluster, Rebalanced, ServiceCalls } from "../simulator/service-calls.ts";
import type { SourceSystem } from "../simulator/source-system.ts";
import type { DemoOptions } from "./options.ts";

export interface Chapter {
  readonly name: string;
  readonly load: LoadResult;
  /** Max over mean by the service's load model. */
  readonly modelledImbalance: number;
  /** Max over mean of the I/O and replication work that was counted. */
  readonly countedImbalance: number;
  /** The rebalance that led here, if one did. */
  readonly rebalance?: Rebalanced | undefined;
}

export interface Story {
  readonly replicationCost: number;
  readonly chapters: readonly Chapter[];
}

const ROUTING_COST = 0.02;
const STORING_COST = 0.02;
const IO_PER_PROCESS = 12_000;
const IO_MAX = 240_000;
/** Enough that the slowest process is never idle, and few beside the addresses there are. */
const IO_UNDER_WAY_PER_PROCESS = 8;
const RECOVERY_POINT_OBJECTIVE = 5;
const MICRO = 1_000_000;

export interface Stage {
  readonly system: SourceSystem;
  readonly service: ServiceCalls;
  /** Resolves when every storage server has the head, and may serve all of it. */
  readonly settled: () => Promise<Cluster>;
  /** Called as soon as a chapter is known. */
  readonly tell: (chapter: Chapter) => void;
}

export async function tellStory(stage: Stage, options: DemoOptions): Promise<Story> {
  const { system, service } = stage;
  const { processes, linkAssignments } = system.layout;
  // As Eq. 1 assumes at the start; from then on the same, however many links there are.
  const ratio = linkAssignments.length / processes.length;
  const replicationCost = Math.round(ratio * MICRO) / MICRO;
  await service.setReplicationCost(replicationCost);
  const load = loadFor(system, replicationCost, options.replication);
  const chapters: Chapter[] = [];
  const chapter = async (name: string, rebalance?: Rebalanced) => {
    const { imbalance } = await stage.settled();
    const result = runLoad(system, load);
    const counted = countedImbalance(result);
    const own = { name, load: result, modelledImbalance: imbalance, countedImbalance: counted };
    chapters.push({ ...own, rebalance });
    stage.tell(chapters.at(-1)!);
  };

  await chapter("before");
  await chapter("rebalanced", await service.rebalance("the demo evens the load"));
  const lost = linkAssignments.at(-1);
  if (lost && linkAssignments.length > 1) {
    const { spec } = system.processOfRNode(lost.rNodeId);
    await system.serverOf(system.processOf(spec.id)).loseLink(lost.linkId);
    await chapter(`${lost.linkId} lost`);
    await chapter("rebalanced again", await service.rebalance(`${lost.linkId} is gone`));
  }
  return { replicationCost, chapters };
}

function loadFor(
  system: SourceSystem,
  replicationCost: number,
  mode: DemoOptions["replication"],
): LoadOptions {
  const { processes, addressCount } = system;
  const wanted = Math.min(IO_MAX, IO_PER_PROCESS * processes.length);
  // Whole cycles of passes, so that every address is read and written as often as the others.
  const cycle = 3 * addressCount;
  return {
    ioCount: cycle * Math.max(1, Math.round(wanted / cycle)),
    concurrency: IO_UNDER_WAY_PER_PROCESS * processes.length,
    replication:
      mode === "synchronous"
        ? { mode }
        : { mode, recoveryPointObjective: RECOVERY_POINT_OBJECTIVE },
    costs: {
      routing: ROUTING_COST,
      dNode: STORING_COST,
      transmission: replicationCost / WRITTEN_FRACTION,
    },
  };
}

/** Of the work that the tables give out: routing and storing are spread whatever they say. */
function countedImbalance({ processes }: LoadResult): number {
  const loads = processes.map(({ process, work }) => ({
    work: work.cNode + work.replication,
    weight: process.spec.weight,
  }));
  const total = loads.reduce((sum, { work }) => sum + work, 0);
  const weight = loads.reduce((sum, each) => sum + each.weight, 0);
  return Math.max(...loads.map((each) => each.work / each.weight)) / (total / weight);
}
