/**
 * What becomes of a rebalance that is kept: its plan is applied, or its moves are taken back. The
 * change of its state, the revision and the moves are one transaction.
 */
import { type ClusterState, nextRevision } from "../core/cluster-state.ts";
import { applyPlan, inShort, takeBack } from "../core/decisions/plans.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import { Refusal } from "../core/errors.ts";
import type { BasisChange } from "../core/rebalance/basis.ts";
import { withPauses } from "../threads/pauses.ts";
import { commitTable } from "./commit.ts";
import { allMoves, findRebalance, firstMoves, type Kept } from "./kept-rebalances.ts";
import type { Caller, OperationParts } from "./parts.ts";
import { refuseUnreachable } from "./reachability.ts";
import { expiryOf, type RebalanceDocument } from "./rebalance-document.ts";
import type { Rebalanced } from "./rebalances.ts";
import { tellingReplanned } from "./replanning.ts";

export interface ApplyOrder {
  readonly id: string;
  /** Applies a stale plan all the same where its moves still apply cleanly. */
  readonly rebase: boolean;
  readonly allowUnreachable: boolean;
}

export interface RollbackOrder {
  readonly id: string;
  readonly reason?: string | undefined;
  readonly allowUnreachable: boolean;
}

/** The rebalance, and the state in which it is so. */
export interface Settled {
  readonly rebalanced: Rebalanced;
  readonly state: ClusterState;
}

/** Applies exactly the plan. One that is applied already stays as it is. */
export function applyRebalance(
  parts: OperationParts,
  caller: Caller,
  { id, rebase, allowUnreachable }: ApplyOrder,
): Promise<Settled> {
  return parts.turns.take(id, async () => {
    const kept = await findRebalance(parts, id);
    const { document, plan } = kept;
    const { dryRun } = plan;
    if (document.state === "applied" || (document.state === "no-op" && !dryRun)) {
      return asItIs(parts, kept);
    }
    if (document.state === "rolled-back") throw rolledBack(document);
    const moves = await allMoves(parts, document);
    const reachableOnly = !allowUnreachable && !document.parameters.allowUnreachable;
    const apply = () =>
      commitTable(parts, caller, {
        kind: "rebalance",
        reason: document.reason,
        valid: distributedRevisions,
        decide: async (before, at) => {
          if (document.state === "expired" || at > expiryOf(document)) throw expired(document);
          const since = document.baseRevision;
          const applied = await withPauses(applyPlan(before, dryRun!, { moves, since, rebase }));
          // A plan that moves nothing is held against the state all the same: perhaps it would now.
          if (moves.length === 0) return { state: before, answer: { document, plan, moves } };
          if (reachableOnly) refuseUnreachable(before, plan.ends, parts.delivery.unreachable());
          const after: RebalanceDocument = {
            ...document,
            state: "applied",
            revision: nextRevision(before),
            appliedAt: new Date(at).toISOString(),
            explanations: [...document.explanations, ...rebasedOver(applied.changes)],
          };
          return {
            state: applied.state,
            answer: { document: after, plan, moves },
            rebalance: { id, document: { ...after } },
          };
        },
      });
    const { answer, state } = await tellingReplanned(parts, { dryRun: dryRun!, moves }, apply);
    return { rebalanced: answer, state };
  });
}

/** Moves the addresses back. One that is rolled back already stays as it is. */
export function rollBackRebalance(
  parts: OperationParts,
  caller: Caller,
  { id, reason, allowUnreachable }: RollbackOrder,
): Promise<Settled> {
  return parts.turns.take(id, async () => {
    const kept = await findRebalance(parts, id);
    const { document, plan } = kept;
    if (document.state === "rolled-back") return asItIs(parts, kept);
    const since = document.revision;
    if (since === null) throw notApplied(document);
    const moves = await allMoves(parts, document);
    const { answer, state } = await commitTable(parts, caller, {
      kind: "rollback",
      reason: reason ?? `rollback of ${id}`,
      valid: distributedRevisions,
      decide: async (before, at) => {
        const next = await withPauses(takeBack(before, { moves, since }));
        const back = { losers: plan.ends.gainers, gainers: plan.ends.losers };
        if (!allowUnreachable) refuseUnreachable(before, back, parts.delivery.unreachable());
        const after: RebalanceDocument = {
          ...document,
          state: "rolled-back",
          rollbackRevision: nextRevision(before),
          rolledBackAt: new Date(at).toISOString(),
        };
        return {
          state: next,
          answer: { document: after, plan, moves },
          rebalance: { id, document: { ...after } },
        };
      },
    });
    return { rebalanced: answer, state };
  });
}

/** With the moves that are shown. */
async function asItIs(parts: OperationParts, kept: Kept): Promise<Settled> {
  const moves = await firstMoves(parts, kept.document);
  return { rebalanced: { ...kept, moves }, state: parts.commits.state };
}

export function notApplied({ id, state }: RebalanceDocument): Refusal {
  return new Refusal("rebalance-not-applied", {
    detail: `rebalance ${id} is ${state} and took no revision`,
    correction: "Name one that was applied",
  });
}

function rebasedOver(changes: readonly BasisChange[]): RebalanceDocument["explanations"] {
  if (changes.length === 0) return [];
  const over = inShort(changes.map(({ detail }) => detail));
  return [{ code: "rebased", detail: `applied although since it was planned, ${over}` }];
}

function rolledBack({ id, rollbackRevision }: RebalanceDocument): Refusal {
  return new Refusal("rebalance-rolled-back", {
    detail: `rebalance ${id} was applied and then taken back in revision ${rollbackRevision}`,
    correction: "Plan again",
  });
}

function expired(document: RebalanceDocument): Refusal {
  const until = new Date(expiryOf(document)).toISOString();
  return new Refusal("plan-expired", {
    detail: `plan ${document.id} could be applied until ${until}`,
    correction: "Plan again",
  });
}
