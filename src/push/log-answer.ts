/** What the log says about answers: changes of state loudly, the rest quietly. */
import type { DeliveryEvent } from "../core/delivery.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import { deliveryState, type Head, isUnreachable } from "../core/delivery-state.ts";
import type { Log } from "./log.ts";

export interface AnswerToLog {
  readonly before: DeliveryRecord;
  readonly after: DeliveryRecord;
  readonly event: Extract<DeliveryEvent, { kind: "answered" }>;
}

export function logAnswer(log: Log, head: Head, { before, after, event }: AnswerToLog): void {
  const [was, is] = [deliveryState(before, head), deliveryState(after, head)];
  const { digest: _, kind: sentKind, ...revisions } = event.sent;
  const fields = {
    storageServerId: after.storageServerId,
    state: is,
    sent: sentKind,
    ...revisions,
    answer: event.answer.kind,
    error: after.lastError,
    consecutiveFailures: after.consecutiveFailures,
    nextAttemptAt: after.nextAttemptAt,
  };
  if (is !== was && isUnreachable(is)) log.warn(fields, `a storage server is ${is}`);
  else if (isUnreachable(was) && is !== was) log.info(fields, "a storage server takes part again");
  else if (after.consecutiveFailures === 1) log.info(fields, "a push has failed");
  else log.debug(fields, "a push was answered");
}
