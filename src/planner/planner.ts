/**
 * Plans, made in place where that takes a moment, and in a thread where it would stop the event
 * loop. The plan is the same either way.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import { MoveList } from "../core/rebalance/move-list.ts";
import { planRebalance } from "../core/rebalance/plan.ts";
import type { Plan, RebalanceRequest } from "../core/rebalance/types.ts";
import type { Threads } from "../threads/threads.ts";
import { handOver } from "./handed-state.ts";
import { errorOf, type PlanInput, type PlanOutcome } from "./plan-message.ts";

/** A plan of fewer ranges, and processes in each volume, than this takes some milliseconds. */
const IN_PLACE_MAX = 20_000;

export class Planner {
  readonly #threads: Threads;

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  /** Throws the refusals of `planRebalance`. */
  async plan(state: ClusterState, request: RebalanceRequest): Promise<Plan> {
    if (!takesLong(state)) return planRebalance(state, request);
    const input: PlanInput = { state: handOver(state), request };
    const outcome = await this.#threads.run<PlanOutcome>("planner/plan-thread.js", input);
    if ("refusal" in outcome) throw errorOf(outcome.refusal);
    return { ...outcome.plan, moves: new MoveList(outcome.moves) };
  }
}

/** Whether a plan does. */
export function takesLong({ volumes, processes }: ClusterState): boolean {
  let size = processes.size * volumes.size;
  for (const { map } of volumes.values()) size += map.rangeCount;
  return size > IN_PLACE_MAX;
}
