/**
 * How the delivery to one storage server goes on after each thing that happens: rules 4 to 8 of
 * distribution, as a pure function. What a server says about itself beats what the service
 * remembers, even when it is lower.
 */
import { answered, type DeliveryAnswer, type SentUpdate } from "./delivery-answers.ts";
import { alive, triedNow } from "./delivery-attempts.ts";
import { changedRecord, type DeliveryRecord } from "./delivery-record.ts";
import { heardOf, type Report } from "./delivery-reports.ts";
import {
  acknowledgedRevision,
  type DeliveryAction,
  deliveryState,
  forHead,
  type Head,
  nextAction,
} from "./delivery-state.ts";

export type DeliveryEvent =
  | {
      readonly kind: "answered";
      readonly sent: SentUpdate;
      readonly answer: DeliveryAnswer;
      /** The answer before this one was a gap too. */
      readonly gapBefore: boolean;
    }
  | { readonly kind: "head-moved"; readonly previousHead: Head }
  | { readonly kind: "reported"; readonly report: Report }
  /** The server asks for an update itself, which acknowledges nothing. */
  | { readonly kind: "pulled" }
  /** An operator: there is reason to try now. */
  | { readonly kind: "woken" }
  /** The same registration once more, which even a server that said it was gone begins anew with. */
  | { readonly kind: "registered-again" };

export interface DeliveryContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly head: Head;
  /** A random number from 0 to below 1, which spreads the retries. */
  readonly jitter: number;
}

/** The record after `event`, and what is to be done for the server next. */
export function nextDelivery(
  record: DeliveryRecord,
  event: DeliveryEvent,
  context: DeliveryContext,
): { readonly record: DeliveryRecord; readonly action: DeliveryAction } {
  const { now, head } = context;
  const headBefore = event.kind === "head-moved" ? event.previousHead : head;
  const stateBefore = deliveryState(record, headBefore);
  const changed = changedBy(record, event, context);
  const since = deliveryState(changed, head) === stateBefore ? changed.since : now;
  const next = since === changed.since ? changed : changedRecord(changed, { since });
  return { record: next, action: nextAction(next, head, now) };
}

function changedBy(
  record: DeliveryRecord,
  event: DeliveryEvent,
  context: DeliveryContext,
): DeliveryRecord {
  switch (event.kind) {
    case "answered":
      return answered(record, event, context);
    case "reported":
      return heardOf(record, event.report, context);
    case "pulled":
      return triedNow({ ...record, lastSeenAt: context.now });
    case "woken":
      return woken(record);
    case "registered-again":
      return registeredAgain(record);
    case "head-moved":
      return headMoved(record, event.previousHead, context.head);
  }
}

/** Wakes whoever waits, sleeps or is parked. Gone and ahead take more than that to end. */
function woken(record: DeliveryRecord): DeliveryRecord {
  if (record.mode === "gone" || record.mode === "ahead") return record;
  return { ...alive(record), parkedAt: undefined };
}

function registeredAgain(record: DeliveryRecord): DeliveryRecord {
  return woken(record.mode === "gone" ? { ...record, mode: "active" } : record);
}

function headMoved(record: DeliveryRecord, previousHead: Head, head: Head): DeliveryRecord {
  const next = forHead(record, head);
  if (next !== record) return next;
  // A server that reached the head by another way starts a new row of failures, if any.
  const wasCurrent = acknowledgedRevision(record, previousHead) === previousHead.revision;
  const moved =
    head.revision !== previousHead.revision || head.generation !== previousHead.generation;
  return moved && wasCurrent && record.mode === "active" && record.consecutiveFailures > 0
    ? alive(record)
    : record;
}
