/** What the log says about deliveries: changes of state loudly, the rest quietly. */
import type { DeliveryEvent } from "../core/delivery.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import { deliveryState, type Head, isUnreachable } from "../core/delivery-state.ts";
import type { Log } from "./log.ts";

export interface DeliveryToLog {
  readonly before: DeliveryRecord;
  readonly after: DeliveryRecord;
  readonly event: DeliveryEvent;
}

export function logDelivery(log: Log, head: Head, { before, after, event }: DeliveryToLog): void {
  const [was, is] = [deliveryState(before, head), deliveryState(after, head)];
  const fields = {
    storageServerId: after.storageServerId,
    state: is,
    ...fieldsOf(event),
    error: after.lastError,
    consecutiveFailures: after.consecutiveFailures,
    nextAttemptAt: after.nextAttemptAt,
  };
  const failed = after.consecutiveFailures === 1 && before.consecutiveFailures === 0;
  if (is !== was && isUnreachable(is)) log.warn(fields, `a storage server is ${is}`);
  else if (isUnreachable(was) && is !== was) log.info(fields, "a storage server takes part again");
  else if (after.snapshotNeeded && !before.snapshotNeeded) {
    log.warn(fields, "a storage server holds other content than it should");
  } else if (failed) log.info(fields, "a push has failed");
  else log.debug(fields, event.kind === "answered" ? "a push was answered" : "news of a server");
}

function fieldsOf(event: DeliveryEvent): object {
  if (event.kind === "reported") return { event: event.kind, ...event.report };
  if (event.kind !== "answered") return { event: event.kind };
  const { digest: _, kind: sentKind, ...revisions } = event.sent;
  return { sent: sentKind, ...revisions, answer: event.answer.kind };
}
