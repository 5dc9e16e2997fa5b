/** A rebalance as it is answered, at once or when every storage server has it. */
import type { z } from "zod";
import { rollbackOutlook } from "../../operations/kept-rebalances.ts";
import type { Settled } from "../../operations/rebalance-changes.ts";
import type { Answer, Call } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import type { rebalanceQuery } from "../schemas/rebalance-requests.ts";
import { MOVES_SHOWN_MAX } from "../schemas/rebalances.ts";
import { deliveryOf } from "./revisions.ts";

const WAIT_DEFAULT_SECONDS = 30;

type WaitingCall = Pick<
  Call<unknown, z.output<typeof rebalanceQuery>, unknown>,
  "query" | "signal" | "stepAside"
>;

interface Done extends Settled {
  readonly status: number;
  readonly location?: string;
  /** The one whose delivery is waited for; null: nothing is on its way. */
  readonly revision: number | null;
}

export async function rebalanceBody(parts: RouteParts, { rebalanced, state }: Settled) {
  const { document, plan, moves } = rebalanced;
  const rollback = await rollbackOutlook(parts, state, rebalanced);
  const { processes } = plan;
  return { ...document, processes, rollback, moves: moves.slice(0, MOVES_SHOWN_MAX) };
}

/** Waits where the call asks for it; 202 where some storage server has not acknowledged by then. */
export async function answerWhenDelivered(
  parts: RouteParts,
  call: WaitingCall,
  { revision, location, status, ...settled }: Done,
): Promise<Answer> {
  const body = await rebalanceBody(parts, settled);
  const answer = {
    status,
    body,
    revision: settled.state.revision,
    ...(location === undefined ? {} : { location }),
  };
  if (call.query.wait === undefined || revision === null) return answer;
  const outcome = await waitForDelivery(parts, call, revision);
  if (outcome === "converged") return answer;
  const delivery = await deliveryOf(parts, revision);
  return { ...answer, status: 202, body: { ...body, delivery } };
}

function waitForDelivery(
  { distribution }: RouteParts,
  { query, signal, stepAside }: WaitingCall,
  revision: number,
) {
  const timeoutMs = (query.timeoutSeconds ?? WAIT_DEFAULT_SECONDS) * 1000;
  stepAside();
  // A rebalance changes the tables, so that its revision is a distributed one.
  return distribution.waitUntilConverged(revision, timeoutMs, signal());
}
