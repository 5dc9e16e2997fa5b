import { z } from "zod";
import { applyRebalance, rollBackRebalance } from "../../operations/rebalance-changes.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { rebalanceId } from "../schemas/common.ts";
import * as requests from "../schemas/rebalance-requests.ts";
import * as schemas from "../schemas/rebalances.ts";
import { answerWhenDelivered } from "./rebalance-answer.ts";
import {
  deliveryExample,
  rebalanceExample as example,
  rolledBackExample,
} from "./rebalance-example.ts";

const base = {
  method: "POST",
  role: "operator",
  load: "heavy",
  tag: "Rebalancing",
  params: z.strictObject({ rebalanceId }),
  query: requests.rebalanceQuery,
  bodyOptional: true,
  ifMatch: "optional",
  problems: [404, 409],
} as const;

const onItsWay = (it: object) => ({
  description: "Not acknowledged by every storage server in time",
  schema: schemas.rebalanceWaited,
  example: { ...it, delivery: deliveryExample },
});

/** What becomes of a rebalance that is kept. */
export function rebalanceChangeEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      url: "/v1/rebalances/:rebalanceId/apply",
      summary: "Apply a plan",
      description:
        "Applies exactly the moves of a dry run, for 24 hours after it was made (then 409 " +
        "`plan-expired`). 409 `stale-plan` where something that the plan had read has changed " +
        "since: the maps of its volumes, the active processes with their weights and nodes, who " +
        "holds a link, or `replicationCost`; it names what changed, and whether the same request " +
        "planned now would give the same moves. `rebase` applies a stale plan where its moves " +
        "still apply cleanly, but never before what it assumes has come true. One that is applied " +
        "already is answered as it is, and so is one that moves nothing while it holds.",
      body: requests.rebalanceApply,
      bodyExample: { rebase: false },
      answers: {
        200: { description: "It is applied", schema: schemas.rebalance, example },
        202: onItsWay(example),
      },
      handle: async (call) => {
        const { rebase = false, allowUnreachable = false } = call.body;
        const id = call.params.rebalanceId;
        const settled = await applyRebalance(parts, call.caller, { id, rebase, allowUnreachable });
        const { revision } = settled.rebalanced.document;
        return answerWhenDelivered(parts, call, { ...settled, status: 200, revision });
      },
    }),
    endpoint({
      ...base,
      url: "/v1/rebalances/:rebalanceId/rollback",
      summary: "Take a rebalance back",
      description:
        "Moves its addresses back, as a new revision; what else has changed since stays. 409 " +
        "`rollback-conflict` names the first address that has another owner by now, or whose old " +
        "owner is gone or draining: `rollback` of the rebalance says so beforehand. One that is " +
        "rolled back already is answered as it is.",
      body: requests.rebalanceRollback,
      bodyExample: { reason: "more latency than before" },
      answers: {
        200: {
          description: "It is rolled back",
          schema: schemas.rebalance,
          example: rolledBackExample,
        },
        202: onItsWay(rolledBackExample),
      },
      handle: async (call) => {
        const { reason, allowUnreachable = false } = call.body;
        const id = call.params.rebalanceId;
        const order = { id, reason, allowUnreachable };
        const settled = await rollBackRebalance(parts, call.caller, order);
        const revision = settled.rebalanced.document.rollbackRevision ?? null;
        return answerWhenDelivered(parts, call, { ...settled, status: 200, revision });
      },
    }),
  ];
}
