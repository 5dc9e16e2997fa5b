/**
 * Planning and committing are one step: nothing that the plan has read can change between the two.
 * What takes a moment is planned when it is its turn; what takes longer is planned ahead, and
 * committed where what it has read is still so.
 */
import { type ClusterState, nextRevision } from "../core/cluster-state.ts";
import { assume } from "../core/decisions/assumptions.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import { basisOf, changesSince, type PlanBasis } from "../core/rebalance/basis.ts";
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import { endsOf, type MovedMap, makeMoves, mapsAfter, withMaps } from "../core/rebalance/moves.ts";
import { planMoves } from "../core/rebalance/plan.ts";
import type { Move, PlanOfMoves, RebalanceRequest } from "../core/rebalance/types.ts";
import { takesLong } from "../planner/planner.ts";
import { withPauses } from "../threads/pauses.ts";
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

/** A long plan is made again where what it had read has changed, but then writers wait for it. */
const PLANS_AHEAD_MAX = 2;

export async function rebalance(
  parts: OperationParts,
  caller: Caller,
  order: RebalanceOrder,
): Promise<Committed<Rebalanced>> {
  for (let plans = 1; ; plans++) {
    const { state } = parts.commits;
    const ahead = takesLong(state) ? await planAhead(parts, state, order) : undefined;
    const isLast = plans === PLANS_AHEAD_MAX;
    const { answer, ...committed } = await commitPlan(parts, caller, { order, ahead, isLast });
    if (!answer) continue;
    const { id } = answer.document;
    if (order.dryRun) await parts.store.saveRebalance(stored(id!, answer));
    return { ...committed, answer };
  }
}

/** A plan, what it has read and, where it is to be applied, what it leads to. */
interface PlanAhead {
  readonly plan: PlanOfMoves;
  readonly basis: PlanBasis;
  readonly maps: readonly MovedMap[];
}

/** A long plan is made on the committed state, while others go on. */
async function planAhead(
  { planner }: OperationParts,
  state: ClusterState,
  order: RebalanceOrder,
): Promise<PlanAhead> {
  const planned = assumedBy(order, state);
  const plan = await planner.plan(planned, requestOf(order));
  const maps = order.dryRun ? [] : await withPauses(mapsAfter(planned, plan.moves));
  return { plan, basis: basisOf(planned, order), maps };
}

/** Answers nothing where what was planned ahead does not stand on the state of the moment. */
function commitPlan(
  parts: OperationParts,
  caller: Caller,
  {
    order,
    ahead,
    isLast,
  }: { readonly order: RebalanceOrder; readonly ahead?: PlanAhead; readonly isLast: boolean },
): Promise<Committed<Rebalanced | undefined>> {
  const id = makeRebalanceId(parts);
  return commitTable<Rebalanced | undefined>(parts, caller, {
    kind: "rebalance",
    reason: order.reason,
    valid: distributedRevisions,
    decide: (state, at) => {
      const planned = assumedBy(order, state);
      const stands = ahead && changesSince(ahead.basis, planned).length === 0;
      if (ahead && !stands && !isLast) return { state, answer: undefined };
      const plan = stands ? ahead.plan : planMoves(planned, requestOf(order));
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
      const after = stands ? withMaps(state, ahead.maps) : makeMoves(state, plan.moves);
      return { state: after, answer, rebalance: stored(id, answer) };
    },
  });
}

function assumedBy({ assume: assumptions }: RebalanceOrder, state: ClusterState): ClusterState {
  return assumptions ? assume(state, assumptions) : state;
}

function stored(id: string, { document, ...contents }: Rebalanced) {
  return { id, document: { ...document }, ...contents };
}

function dryRunOf(state: ClusterState, order: RebalanceOrder): KeptPlan["dryRun"] {
  return { request: requestOf(order), assume: order.assume, basis: basisOf(state, order) };
}

/** What is asked of the planner, without what the order says beside. */
function requestOf(order: RebalanceOrder): RebalanceRequest {
  const { dryRun: _d, allowUnreachable: _u, reason: _r, assume: _a, ...request } = order;
  return request;
}

/** Ids in the order of their time: `rb-20261122T101530123Z-9f86d0`. */
function makeRebalanceId({ now, randomBytes }: OperationParts): string {
  const time = new Date(now()).toISOString().replace(/[-:.]/g, "");
  return `rb-${time}-${Buffer.from(randomBytes(3)).toString("hex")}`;
}
