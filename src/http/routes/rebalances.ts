import { z } from "zod";
import { AMOUNTS_MAX } from "../../core/rebalance/flows.ts";
import { documentOf, findRebalance } from "../../operations/kept-rebalances.ts";
import { notApplied } from "../../operations/rebalance-changes.ts";
import { rebalance } from "../../operations/rebalances.ts";
import { type Endpoint, endpoint, MIB } from "../endpoint.ts";
import { pageOfRead, readPageToken, readPositionToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { pageOf, pageQuery, rebalanceId } from "../schemas/common.ts";
import * as requests from "../schemas/rebalance-requests.ts";
import * as schemas from "../schemas/rebalances.ts";
import { deliveryProgress } from "../schemas/tables.ts";
import { answerWhenDelivered, rebalanceBody } from "./rebalance-answer.ts";
import {
  deliveryExample,
  rebalanceExample as example,
  movesExample,
  summaryExample,
} from "./rebalance-example.ts";
import { orderOf } from "./rebalance-order.ts";
import { deliveryOf } from "./revisions.ts";

const base = { role: "viewer", tag: "Rebalancing" } as const;
const params = z.strictObject({ rebalanceId });

export function rebalanceEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "POST",
      url: "/v1/rebalances",
      load: "heavy",
      role: "operator",
      summary: "Rebalance, or plan it",
      description:
        "Moves addresses from the C-nodes of linked processes to those of unlinked ones. `equalize` " +
        "is the fixed point and what automation uses; `pairwise` (FIG. 7–9) and `proportional` " +
        "(FIG. 10, Eq. 1) leave a volume alone where that would not lower its imbalance; `consolidate` " +
        "merges ranges and leaves sizes as they are, but for `tolerance`. Planning and committing " +
        "are one step; `dryRun` keeps the plan for 24 hours and changes nothing; with `assume` it is " +
        "a plan for a cluster that isn't there yet. A plan of `pairwise` or `proportional` of more " +
        `than ${AMOUNTS_MAX} amounts, each from one process to another and of one volume, is refused ` +
        "(422 `too-many-moves`): each takes a move at least. " +
        "`wait=converged` answers when every storage server has acknowledged.",
      query: requests.rebalanceQuery,
      body: requests.rebalancePost,
      bodyOptional: true,
      bodyExample: { strategy: "proportional", reason: "link 2 is back" },
      bodyLimitBytes: 16 * MIB,
      ifMatch: "optional",
      answers: {
        200: {
          description: "Nothing to move: a no-op, with the reason in `explanations`",
          schema: schemas.rebalance,
          example: {
            ...example,
            id: null,
            state: "no-op",
            revision: null,
            moves: [],
            moveCount: 0,
            rollback: undefined,
          },
        },
        201: {
          description: "Applied, or planned",
          location: true,
          schema: schemas.rebalance,
          example,
        },
        202: {
          description: "Applied, but not acknowledged by every storage server in time",
          location: true,
          schema: schemas.rebalanceWaited,
          example: { ...example, delivery: deliveryExample },
        },
      },
      problems: [409, 422],
      handle: async (call) => {
        const { answer, state } = await rebalance(parts, call.caller, orderOf(call.body));
        const { document } = answer;
        const done = { rebalanced: answer, state };
        if (document.state === "no-op") {
          const body = await rebalanceBody(parts, done);
          return { status: 200, body, revision: state.revision };
        }
        const location = `/v1/rebalances/${document.id}`;
        const { revision } = document;
        return answerWhenDelivered(parts, call, { ...done, status: 201, location, revision });
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url: "/v1/rebalances",
      summary: "List the rebalances",
      description: "In id order, which is the order of their time; without moves and processes.",
      query: pageQuery,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.rebalanceSummary),
          example: { items: [summaryExample] },
        },
      },
      handle: async ({ query: { limit, pageToken } }) => {
        const after = readPageToken(pageToken);
        const found = await parts.store.rebalances({
          limit: limit + 1,
          ...(after === undefined ? {} : { after }),
        });
        const page = pageOfRead(found, limit, (record) => record.id);
        const items = page.items.map((record) => documentOf(record, parts.now()));
        return { status: 200, body: { ...page, items } };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url: "/v1/rebalances/:rebalanceId",
      summary: "Read a rebalance",
      description: `With its first ${schemas.MOVES_SHOWN_MAX} moves, and whether it could be taken back now.`,
      params,
      answers: { 200: { description: "The rebalance", schema: schemas.rebalance, example } },
      problems: [404],
      handle: async ({ params: { rebalanceId: id } }) => {
        const kept = await findRebalance(parts, id);
        const limit = schemas.MOVES_SHOWN_MAX;
        const moves = await parts.store.rebalanceMoves(id, { offset: 0, limit });
        const rebalanced = { ...kept, moves };
        const body = await rebalanceBody(parts, { rebalanced, state: parts.state() });
        return { status: 200, body };
      },
    }),
    ...detailEndpoints(parts),
  ];
}

function detailEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "GET",
      url: "/v1/rebalances/:rebalanceId/moves",
      summary: "Page through all moves of a rebalance",
      description: "In volume and address order.",
      params,
      query: pageQuery,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.move),
          example: { items: movesExample },
        },
      },
      problems: [404],
      handle: async ({ params: { rebalanceId: id }, query: { limit, pageToken } }) => {
        const offset = readPositionToken(pageToken) ?? 0;
        await findRebalance(parts, id);
        const found = await parts.store.rebalanceMoves(id, { offset, limit: limit + 1 });
        return { status: 200, body: pageOfRead([...found], limit, () => String(offset + limit)) };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url: "/v1/rebalances/:rebalanceId/delivery",
      summary: "Read which storage servers have a rebalance",
      description: "Refused for one that took no revision.",
      params,
      answers: {
        200: {
          description: "The progress of its revision",
          schema: deliveryProgress,
          example: deliveryExample,
        },
      },
      problems: [404, 409],
      handle: async ({ params: { rebalanceId: id } }) => {
        const { document } = await findRebalance(parts, id);
        const { revision } = document;
        if (revision === null) throw notApplied(document);
        return { status: 200, body: await deliveryOf(parts, revision) };
      },
    }),
  ];
}
