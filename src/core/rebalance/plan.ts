/**
 * The planner: reads a state and a request, proposes moves, changes nothing. It is pure and
 * deterministic: the same state and request give the same plan, byte for byte.
 */
import type { ClusterState } from "../cluster-state.ts";
import { type LoadModel, loadModelOf } from "../load-model.ts";
import { consolidate } from "./consolidate.ts";
import { equalize } from "./equalize.ts";
import { planFlows } from "./flow-plan.ts";
import { pairwise } from "./pairwise.ts";
import { describePlan } from "./plan-report.ts";
import { proportional } from "./proportional.ts";
import { nothing, type Proposal } from "./proposal.ts";
import { type Scope, scopeOf } from "./request.ts";
import type { Explanation, Plan, RebalanceRequest } from "./types.ts";

/**
 * The plan of a request. Refuses what names things that don't exist or can't take part:
 * `unknown-volume`, `unknown-process`, `not-linked`, `not-unlinked`, `not-a-receiver`; and what
 * takes too long: `too-many-moves`.
 */
export function planRebalance(state: ClusterState, request: RebalanceRequest): Plan {
  const model = loadModelOf(state, request.replicationCostMicro);
  const scope = scopeOf(state, model, request);
  const proposal = propose(model, scope, request);
  return describePlan({ state, model, scope, request, proposal });
}

function propose(model: LoadModel, scope: Scope, request: RebalanceRequest): Proposal {
  const { volumes } = scope;
  if (model.processCount === 0) {
    return nothing({ code: "no-active-processes", detail: "no active process can own addresses" });
  }
  if (volumes.length === 0) return nothing({ code: "no-volumes", detail: "no volume is planned" });

  if (request.strategy === "consolidate") return consolidate(model, volumes, request);
  const remark = linkRemark(model);
  if (request.strategy === "equalize") {
    const proposal = equalize(model, volumes, request);
    return { ...proposal, explanations: [...proposal.explanations, ...remark] };
  }
  if (remark.length > 0) return nothing(...remark);

  if (request.strategy === "pairwise") {
    if (scope.pairs.length === 0) return nothing({ code: "no-pairs", detail: "no pair is named" });
    return planFlows({ model, volumes, request, strategy: pairwise(model, scope, request) });
  }
  if (scope.receivers.length === 0) {
    return nothing({ code: "no-receivers", detail: "no receiving process is named" });
  }
  return planFlows({ model, volumes, request, strategy: proportional(model, scope, request) });
}

/** The two cases that Eq. 1 has no answer for; `equalize` only remarks on them. */
function linkRemark({ linkedProcessCount, processCount }: LoadModel): Explanation[] {
  if (linkedProcessCount === 0) {
    const detail = `none of the ${processCount} active processes holds a link`;
    return [{ code: "no-links", detail }];
  }
  if (linkedProcessCount === processCount) {
    const detail = `each of the ${processCount} active processes holds a link`;
    return [{ code: "all-linked", detail }];
  }
  return [];
}
