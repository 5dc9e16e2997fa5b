/** A plan of earlier on the state of today: applied exactly as it is, or taken back, or refused. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal, type RefusalFacts, type Replanned } from "../errors.ts";
import { type BasisChange, changesSince } from "../rebalance/basis.ts";
import type { DryRun } from "../rebalance/kept-plan.ts";
import type { Moves } from "../rebalance/move-list.ts";
import { findObstacle, makeMoves, reversed } from "../rebalance/moves.ts";
import type { Move, Plan } from "../rebalance/types.ts";
import type { Steps } from "../steps.ts";
import { assume, type UnmetAssumption, unmetAssumptions } from "./assumptions.ts";

const CHANGES_SHOWN_MAX = 100;

export interface PlannedMoves {
  readonly moves: Moves;
  /** The revision since which the volumes must be the same. */
  readonly since: number;
}

export interface AppliedPlan {
  readonly state: ClusterState;
  /** What a rebased plan has passed over. */
  readonly changes: readonly BasisChange[];
}

/**
 * Makes exactly the moves of a plan. Refuses with `stale-plan` when something that the plan had
 * read has changed, unless `rebase` is asked for and the moves still apply cleanly; and always
 * when an assumption has not come true.
 */
export function* applyPlan(
  state: ClusterState,
  dryRun: DryRun,
  { moves, since, rebase }: PlannedMoves & { readonly rebase: boolean },
): Steps<AppliedPlan> {
  const unmet = dryRun.assume ? unmetAssumptions(state, dryRun.assume) : [];
  // Where assumptions are not met yet, they are not told once more as changes.
  const changes = changesSince(dryRun.basis, assumedIn(state, dryRun));
  const stale = (detail: string, correction: string) =>
    new Refusal("stale-plan", {
      detail,
      correction,
      errors: unmet.length > 0 ? unmet.slice(0, CHANGES_SHOWN_MAX) : undefined,
      facts: factsOf(unmet, changes),
    });
  if (unmet.length > 0) {
    const detail = `the plan assumes what is not so: ${inShort(unmet.map((it) => it.message))}`;
    throw stale(detail, "Apply it when all that it assumes has come true");
  }
  if (changes.length > 0 && !rebase) {
    const detail = `since the plan was made, ${inShort(changes.map((it) => it.detail))}`;
    throw stale(detail, "Plan again, or send rebase: true to apply these moves all the same");
  }
  const obstacle = yield* findObstacle(state, moves, since);
  if (obstacle !== undefined) {
    throw stale(`the plan does not apply cleanly any more: ${obstacle}`, "Plan again");
  }
  return { state: yield* makeMoves(state, moves), changes };
}

/** Moves everything back, or refuses with `rollback-conflict`, which names the address. */
export function* takeBack(
  state: ClusterState,
  { moves, since }: PlannedMoves,
): Steps<ClusterState> {
  const back = reversed(moves);
  const obstacle = yield* findObstacle(state, back, since);
  if (obstacle === undefined) return yield* makeMoves(state, back);
  throw new Refusal("rollback-conflict", {
    detail: obstacle,
    correction: "Plan a rebalance that leads where you want to be from here",
  });
}

/** The state with the plan's assumptions, where they can still be made. */
export function assumedIn(
  state: ClusterState,
  { assume: assumptions }: Pick<DryRun, "assume">,
): ClusterState {
  if (!assumptions) return state;
  try {
    return assume(state, assumptions);
  } catch (error) {
    if (error instanceof Refusal) return state;
    throw error;
  }
}

/** How the moves of an earlier plan stand to the same request, planned now. */
export function heldAgainst(now: Plan, moves: Moves): Replanned {
  return { sameMoves: sameMoves(now.moves, moves), movedAddresses: now.movedAddresses };
}

function sameMoves(a: Moves, b: Moves): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a.at(i)!, b.at(i)!)) return false;
  return true;
}

function isSame(a: Move, b: Move): boolean {
  return (
    a.volumeId === b.volumeId &&
    a.firstLba === b.firstLba &&
    a.lastLba === b.lastLba &&
    a.fromCNodeId === b.fromCNodeId &&
    a.toCNodeId === b.toCNodeId
  );
}

function factsOf(
  unmet: readonly UnmetAssumption[],
  changes: readonly BasisChange[],
): Omit<RefusalFacts, "replanned"> {
  const all = [
    ...unmet.map(({ message }) => ({ code: "assumption-not-met", detail: message })),
    ...changes,
  ];
  return { changes: all.slice(0, CHANGES_SHOWN_MAX), changeCount: all.length };
}

/** The first few sentences. */
export function inShort(sentences: readonly string[]): string {
  const shown = sentences.slice(0, 3).join("; ");
  return sentences.length > 3 ? `${shown}; and ${sentences.length - 3} more` : shown;
}
