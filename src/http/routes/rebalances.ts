import { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import type { RebalanceOrder } from "../../operations/rebalance-document.ts";
import { documentOf, findRebalance, rebalance } from "../../operations/rebalances.ts";
import { type Answer, type Call, type Endpoint, endpoint, MIB } from "../endpoint.ts";
import { pageOfRead, readPageToken, readPositionToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { pageOf, pageQuery, rebalanceId, toMicro } from "../schemas/common.ts";
import * as schemas from "../schemas/rebalances.ts";
import { deliveryProgress } from "../schemas/tables.ts";
import { rebalanceExample as example, movesExample, summaryExample } from "./rebalance-example.ts";
import { deliveryOf } from "./revisions.ts";

const base = { role: "viewer", tag: "Rebalancing" } as const;
const params = z.strictObject({ rebalanceId });
const WAIT_DEFAULT_SECONDS = 30;
const deliveryExample = { revision: 8, servers: 3, acked: 2, behind: ["s-3"] };

export function rebalanceEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "POST",
      url: "/v1/rebalances",
      role: "operator",
      summary: "Rebalance, or plan it",
      description:
        "Moves addresses from the C-nodes of linked processes to those of unlinked ones. `equalize` " +
        "is the fixed point and what automation uses; `pairwise` (FIG. 7–9) and `proportional` " +
        "(FIG. 10, Eq. 1) leave a volume alone where that would not lower its imbalance. Planning and " +
        "committing are one step; `dryRun` keeps the plan for 24 hours and changes nothing. " +
        "`wait=converged` answers when every storage server has acknowledged.",
      query: schemas.rebalanceQuery,
      body: schemas.rebalancePost,
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
      handle: (call) => post(parts, call),
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
        const items = page.items.map((record) => {
          const { processes: _, ...summary } = documentOf(record, parts.now());
          return summary;
        });
        return { status: 200, body: { ...page, items } };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url: "/v1/rebalances/:rebalanceId",
      summary: "Read a rebalance",
      description: `With its first ${schemas.MOVES_SHOWN_MAX} moves.`,
      params,
      answers: { 200: { description: "The rebalance", schema: schemas.rebalance, example } },
      problems: [404],
      handle: async ({ params: { rebalanceId: id } }) => {
        const document = await findRebalance(parts, id);
        const limit = schemas.MOVES_SHOWN_MAX;
        const moves = await parts.store.rebalanceMoves(id, { offset: 0, limit });
        return { status: 200, body: { ...document, moves } };
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
        return { status: 200, body: pageOfRead(found, limit, () => String(offset + limit)) };
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
        const { revision, state } = await findRebalance(parts, id);
        if (revision !== null) return { status: 200, body: await deliveryOf(parts, revision) };
        throw new Refusal("rebalance-not-applied", {
          detail: `rebalance ${id} is ${state} and took no revision`,
          correction: "Ask for the delivery of one that was applied",
        });
      },
    }),
  ];
}

type Post = Call<
  undefined,
  z.output<typeof schemas.rebalanceQuery>,
  z.output<typeof schemas.rebalancePost>
>;

async function post(parts: RouteParts, call: Post): Promise<Answer> {
  const committed = await rebalance(parts, call.caller, orderOf(call.body));
  const { document, moves } = committed.answer;
  const body = { ...document, moves: moves.slice(0, schemas.MOVES_SHOWN_MAX) };
  const answer = { body, revision: committed.state.revision };
  if (document.state === "no-op") return { ...answer, status: 200 };
  const created = { ...answer, status: 201, location: `/v1/rebalances/${document.id}` };
  if (call.query.wait === undefined || document.revision === null) return created;
  const outcome = await waitForDelivery(parts, call, committed.state.distributedRevision);
  if (outcome === "converged") return created;
  const delivery = await deliveryOf(parts, document.revision);
  return { ...created, status: 202, body: { ...body, delivery } };
}

function waitForDelivery(
  { distribution }: RouteParts,
  { query, signal, allowSilence }: Post,
  distributedRevision: number,
) {
  const timeoutMs = (query.timeoutSeconds ?? WAIT_DEFAULT_SECONDS) * 1000;
  allowSilence(timeoutMs);
  return distribution.waitUntilConverged(distributedRevision, timeoutMs, signal());
}

/** What is asked for, with decimals as exact parts. */
function orderOf(body: z.output<typeof schemas.rebalancePost>): RebalanceOrder {
  const { replicationCost, tolerance, ...rest } = body;
  const micro = (value: number | undefined) => (value === undefined ? undefined : toMicro(value));
  return {
    volumeIds: rest.volumeIds,
    maxMovedAddresses: rest.maxMovedAddresses,
    reason: rest.reason,
    strategy: rest.strategy ?? "equalize",
    dryRun: rest.dryRun ?? false,
    force: rest.force ?? false,
    allowUnreachable: rest.allowUnreachable ?? false,
    replicationCostMicro: micro(replicationCost),
    toleranceMicro: micro(tolerance),
    transfer: "transfer" in rest ? transferOf(rest.transfer) : undefined,
    pairs: "pairs" in rest ? rest.pairs : undefined,
    receiverProcessIds: "receiverProcessIds" in rest ? rest.receiverProcessIds : undefined,
  };
}

function transferOf(
  transfer: { fraction: number } | { addresses: number } | undefined,
): RebalanceOrder["transfer"] {
  if (!transfer) return undefined;
  return "fraction" in transfer ? { fractionMicro: toMicro(transfer.fraction) } : transfer;
}
