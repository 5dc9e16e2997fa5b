/**
 * A stale plan: its refusal tells, too, what the same request would give now. Planned after the
 * decision, and in a thread where that takes long, so that no writer waits for it.
 */
import { assumedIn, heldAgainst } from "../core/decisions/plans.ts";
import { Refusal, type Replanned } from "../core/errors.ts";
import type { DryRun } from "../core/rebalance/kept-plan.ts";
import type { Moves } from "../core/rebalance/move-list.ts";
import type { OperationParts } from "./parts.ts";

export interface PlanOfEarlier {
  readonly dryRun: DryRun;
  readonly moves: Moves;
}

/** Passes on everything but the refusal `stale-plan`, which it completes. */
export async function tellingReplanned<T>(
  parts: OperationParts,
  plan: PlanOfEarlier,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "stale-plan") throw error;
    throw error.withFacts({ replanned: await replan(parts, plan) });
  }
}

async function replan(
  { commits, planner }: OperationParts,
  { dryRun, moves }: PlanOfEarlier,
): Promise<Replanned> {
  try {
    const now = await planner.plan(assumedIn(commits.state, dryRun), dryRun.request);
    return heldAgainst(now, moves);
  } catch (error) {
    // What the request names may be gone.
    if (error instanceof Refusal) return { sameMoves: false };
    throw error;
  }
}
