/** What the log says about deliveries: changes of state loudly, the rest quietly. */
import type { DeliveryEvent } from "../core/delivery.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import {
  type DeliveryState,
  deliveryState,
  type Head,
  isUnreachable,
} from "../core/delivery-state.ts";
import type { Log } from "./log.ts";

export interface DeliveryToLog {
  readonly before: DeliveryRecord;
  readonly after: DeliveryRecord;
  readonly event: DeliveryEvent;
}

export function logDelivery(log: Log, head: Head, delivery: DeliveryToLog): void {
  const { before, after, event } = delivery;
  const [was, is] = [deliveryState(before, head), deliveryState(after, head)];
  const { level, message } = lineOf(delivery, was, is);
  // What nobody reads is not put together either, a thousand times a change.
  if (level === "debug" && !log.isLevelEnabled(level)) return;
  const fields = {
    storageServerId: after.storageServerId,
    state: is,
    ...fieldsOf(event),
    error: after.lastError,
    consecutiveFailures: after.consecutiveFailures,
    nextAttemptAt: after.nextAttemptAt,
  };
  log[level](fields, message);
}

interface Line {
  readonly level: "debug" | "info" | "warn";
  readonly message: string;
}

function lineOf(
  { before, after, event }: DeliveryToLog,
  was: DeliveryState,
  is: DeliveryState,
): Line {
  if (is !== was && isUnreachable(is)) {
    return { level: "warn", message: `a storage server is ${is}` };
  }
  if (is !== was && isUnreachable(was)) {
    return { level: "info", message: "a storage server takes part again" };
  }
  if (after.snapshotNeeded && !before.snapshotNeeded) {
    return { level: "warn", message: "a storage server holds other content than it should" };
  }
  if (after.consecutiveFailures === 1 && before.consecutiveFailures === 0) {
    return { level: "info", message: "a push has failed" };
  }
  const message = event.kind === "answered" ? "a push was answered" : "news of a server";
  return { level: "debug", message };
}

function fieldsOf(event: DeliveryEvent): object {
  if (event.kind === "reported") return { event: event.kind, ...event.report };
  if (event.kind !== "answered") return { event: event.kind };
  const { digest: _, kind: sentKind, ...revisions } = event.sent;
  return { sent: sentKind, ...revisions, answer: event.answer.kind };
}
