/**
 * Planning and committing are one step: nothing that the plan has read can change between the two.
 * What takes a moment is planned when it is its turn. What takes longer is planned ahead, so that
 * writers need not wait for it, and in its turn only where what it has read has changed meanwhile.
 */
import { type ClusterState, nextRevision } from "../core/cluster-state.ts";
import { assume } from "../core/decisions/assumptions.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import { basisOf, changesSince, type PlanBasis } from "../core/rebalance/basis.ts";
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import type { Moves } from "../core/rebalance/move-list.ts";
import { endsOf, type MovedMap, mapsAfter, withMaps } from "../core/rebalance/moves.ts";
import type { Plan, RebalanceRequest } from "../core/rebalance/types.ts";
import { takesLong } from "../planner/planner.ts";
import { withPauses } from "../threads/pauses.ts";
import { commitTable } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";
import { refuseUnreachable } from "./reachability.ts";
import {
  describeRebalance,
  forgottenFrom,
  type RebalanceDocument,
  type RebalanceOrder,
} from "./rebalance-document.ts";

export interface Rebalanced {
  readonly document: RebalanceDocument;
  readonly plan: KeptPlan;
  readonly moves: Moves;
}

export async function rebalance(
  parts: OperationParts,
  caller: Caller,
  order: RebalanceOrder,
): Promise<Committed<Rebalanced>> {
  const id = makeRebalanceId(parts);
  const { state: present } = parts.commits;
  const ahead = takesLong(present) ? await planOn(parts, present, order) : undefined;
  const committed = await commitTable<Rebalanced>(parts, caller, {
    kind: "rebalance",
    reason: order.reason,
    valid: distributedRevisions,
    decide: async (state, at) => {
      const planned = assumedBy(order, state);
      const stands = ahead && changesSince(ahead.basis, planned).length === 0;
      const { plan, basis, maps } = stands ? ahead : await planOn(parts, state, order);
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
      const answer: Rebalanced = {
        document,
        plan: {
          ends,
          processes: plan.processes,
          dryRun: order.dryRun ? dryRunOf(order, basis) : undefined,
        },
        moves: plan.moves,
      };
      if (!applied) return { state, answer };
      return { state: withMaps(state, maps), answer, rebalance: stored(id, answer) };
    },
  });
  if (order.dryRun) {
    const forgetAt = forgottenFrom(committed.answer.document);
    await parts.store.saveRebalance({ ...stored(id, committed.answer), forgetAt });
  }
  return committed;
}

/** A plan, what it has read and, where it is to be applied, what it leads to. */
interface Planned {
  readonly plan: Plan;
  readonly basis: PlanBasis;
  readonly maps: readonly MovedMap[];
}

async function planOn(
  { planner }: OperationParts,
  state: ClusterState,
  order: RebalanceOrder,
): Promise<Planned> {
  const planned = assumedBy(order, state);
  const plan = await planner.plan(planned, requestOf(order));
  const maps = order.dryRun ? [] : await withPauses(mapsAfter(planned, plan.moves));
  return { plan, basis: basisOf(planned, order), maps };
}

function assumedBy({ assume: assumptions }: RebalanceOrder, state: ClusterState): ClusterState {
  return assumptions ? assume(state, assumptions) : state;
}

function stored(id: string, { document, ...contents }: Rebalanced) {
  return { id, document: { ...document }, ...contents };
}

function dryRunOf(order: RebalanceOrder, basis: PlanBasis): KeptPlan["dryRun"] {
  return { request: requestOf(order), assume: order.assume, basis };
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
