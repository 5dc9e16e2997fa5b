/** Planning and committing are one step: nothing can change between the plan and the revision. */
import { type ClusterState, nextRevision, putVolume } from "../core/cluster-state.ts";
import { assume } from "../core/decisions/assumptions.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import { basisOf } from "../core/rebalance/basis.ts";
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import { endsOf } from "../core/rebalance/moves.ts";
import { planRebalance } from "../core/rebalance/plan.ts";
import type { Move, Plan, RebalanceRequest } from "../core/rebalance/types.ts";
import { commitTable } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";
import { refuseUnreachable } from "./reachability.ts";
import {
  describeRebalance,
  type RebalanceDocument,
  type RebalanceOrder,
} from "./rebalance-document.ts";

export interface Rebalanced {
  readonly document: RebalanceDocument;
  readonly plan: KeptPlan;
  readonly moves: readonly Move[];
}

export async function rebalance(
  parts: OperationParts,
  caller: Caller,
  order: RebalanceOrder,
): Promise<Committed<Rebalanced>> {
  const id = makeRebalanceId(parts);
  const committed = await commitTable(parts, caller, {
    kind: "rebalance",
    reason: order.reason,
    valid: distributedRevisions,
    decide: (state, at) => {
      const planned = order.assume ? assume(state, order.assume) : state;
      const plan = planRebalance(planned, order);
      const ends = endsOf(plan.moves);
      if (!order.allowUnreachable) refuseUnreachable(planned, ends, parts.delivery.unreachable());
      const applied = !order.dryRun && plan.moves.length > 0;
      const document = describeRebalance({
        order,
        plan,
        id: applied || order.dryRun ? id : null,
        state: plan.moves.length === 0 ? "no-op" : applied ? "applied" : "planned",
        revision: applied ? nextRevision(state) : null,
        requestedBy: caller.actor,
        at,
      });
      const dryRun = order.dryRun ? dryRunOf(planned, order) : undefined;
      const answer: Rebalanced = { document, plan: { ends, dryRun }, moves: plan.moves };
      if (!applied) return { state, answer };
      return { state: withMaps(state, plan), answer, rebalance: stored(id, answer) };
    },
  });
  if (order.dryRun) await parts.store.saveRebalance(stored(id, committed.answer));
  return committed;
}

function stored(id: string, { document, ...contents }: Rebalanced) {
  return { id, document: { ...document }, ...contents };
}

/** What was asked of the planner, without what the order says beside. */
function dryRunOf(state: ClusterState, order: RebalanceOrder): KeptPlan["dryRun"] {
  const { dryRun: _d, allowUnreachable: _u, reason: _r, assume: assumptions, ...rest } = order;
  const request: RebalanceRequest = rest;
  return { request, assume: assumptions, basis: basisOf(state, request) };
}

function withMaps(state: ClusterState, plan: Plan): ClusterState {
  return plan.maps.reduce((current, { volumeId, map }) => {
    const volume = current.volumes.get(volumeId)!;
    return putVolume(current, { ...volume, map, revision: nextRevision(state) });
  }, state);
}

/** Ids in the order of their time: `rb-20261122T101530123Z-9f86d0`. */
function makeRebalanceId({ now, randomBytes }: OperationParts): string {
  const time = new Date(now()).toISOString().replace(/[-:.]/g, "");
  return `rb-${time}-${Buffer.from(randomBytes(3)).toString("hex")}`;
}
