/**
 * How the delivery to one storage server goes on after each thing that happens: the table of
 * answers and rules 4 to 8 of distribution, as a pure function. What a server says about itself
 * beats what the service remembers, even when it is lower.
 */
import { alive, failed } from "./delivery-attempts.ts";
import type { DeliveryRecord } from "./delivery-record.ts";
import {
  acknowledgedRevision,
  type DeliveryAction,
  deliveryState,
  type Head,
  nextAction,
  type Step,
} from "./delivery-state.ts";

const REPORT_WAIT_MS_MAX = 60_000;

/** What came of sending an update, already checked for its form. */
export type DeliveryAnswer =
  | ({ readonly kind: "applied"; readonly digest: string } & Position)
  | { readonly kind: "accepted" }
  | ({ readonly kind: "gap"; readonly reason: "revision" | "digest" } & Position)
  | { readonly kind: "rejected"; readonly detail: string }
  | { readonly kind: "gone" }
  | { readonly kind: "busy"; readonly detail: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: "failed"; readonly detail: string };

/** Where a server says it is. */
export interface Position {
  readonly generation: number;
  readonly revision: number;
}

/** What an answer answers. */
export type SentUpdate = Step & { readonly generation: number; readonly digest: string };

export type DeliveryEvent =
  | {
      readonly kind: "answered";
      readonly sent: SentUpdate;
      readonly answer: DeliveryAnswer;
      /** The answer before this one was a gap too. */
      readonly gapBefore: boolean;
    }
  | { readonly kind: "head-moved"; readonly previousHead: Head }
  /** A report, a pull, or an operator: there is reason to try now. */
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
  const next = since === changed.since ? changed : { ...changed, since };
  return { record: next, action: nextAction(next, head, now) };
}

function changedBy(
  record: DeliveryRecord,
  event: DeliveryEvent,
  context: DeliveryContext,
): DeliveryRecord {
  if (event.kind === "answered") return answered(record, event, context);
  if (event.kind === "woken") return woken(record);
  if (event.kind === "registered-again") return registeredAgain(record);
  return headMoved(record, event.previousHead, context.head);
}

type Answered = Extract<DeliveryEvent, { kind: "answered" }>;

function answered(
  before: DeliveryRecord,
  { sent, answer, gapBefore }: Answered,
  context: DeliveryContext,
): DeliveryRecord {
  const { now, head } = context;
  const lastSeenAt = answer.kind === "failed" ? before.lastSeenAt : now;
  const record: DeliveryRecord = { ...before, lastAttemptAt: now, lastSeenAt };
  switch (answer.kind) {
    case "applied":
      return applied(record, { sent, answer, context });
    case "accepted":
      return { ...alive(record), nextAttemptAt: now + REPORT_WAIT_MS_MAX };
    case "gap": {
      const atStart = sent.kind === "delta" && answer.revision === sent.fromRevision;
      const differs = answer.reason === "digest" || atStart || record.snapshotNeeded;
      const corrected = { ...reported(record, answer, head), snapshotNeeded: differs };
      const words = `has revision ${answer.revision} of generation ${answer.generation}`;
      if (gapBefore) return failed(corrected, { detail: `a second gap: ${words}`, ...context });
      // Not a success: a server that fails in turns with this still becomes dormant.
      return { ...corrected, nextAttemptAt: undefined };
    }
    case "rejected": {
      const parked = head.revision === sent.revision && head.generation === sent.generation;
      return {
        ...alive(record),
        mode: parked ? "parked" : "active",
        parkedRevision: sent.revision,
        lastError: answer.detail,
      };
    }
    case "gone":
      return { ...alive(record), mode: "gone", lastError: "the storage server is gone for good" };
    case "busy":
      return failed(record, { ...answer, ...context });
    case "failed":
      return failed(record, { ...answer, ...context });
  }
}

interface AppliedAnswer {
  readonly sent: SentUpdate;
  readonly answer: Extract<DeliveryAnswer, { kind: "applied" }>;
  readonly context: DeliveryContext;
}

function applied(record: DeliveryRecord, { sent, answer, context }: AppliedAnswer): DeliveryRecord {
  const { generation, revision, digest } = answer;
  if (generation !== sent.generation || revision !== sent.revision) {
    const detail = `answered with revision ${revision} of generation ${generation}, not ${sent.revision} of ${sent.generation}`;
    return failed(reported(record, answer, context.head), { detail, ...context });
  }
  if (digest !== sent.digest) {
    const differing = { ...record, acked: { generation, revision }, snapshotNeeded: true };
    const detail = `holds other content at revision ${revision}: digest ${digest}`;
    // Where even a snapshot ends in other content, sending it again at once would never end.
    if (sent.kind === "snapshot") return failed(differing, { detail, ...context });
    return { ...differing, mode: "active", lastError: detail, nextAttemptAt: undefined };
  }
  return {
    ...alive(record),
    acked: { generation, revision },
    lastError: undefined,
    parkedRevision: undefined,
    snapshotNeeded: false,
  };
}

/** What a server says of itself; `digest` is checked where it can be, at the head. */
function reported(
  record: DeliveryRecord,
  { generation, revision, digest }: Position & { readonly digest?: string | undefined },
  head: Head,
): DeliveryRecord {
  const sameGeneration = generation === head.generation;
  const ahead = sameGeneration && revision > head.revision;
  const atHead = sameGeneration && revision === head.revision;
  return {
    ...record,
    acked: { generation, revision },
    mode: ahead ? "ahead" : "active",
    lastError: ahead ? `has revision ${revision}, more than the head` : record.lastError,
    snapshotNeeded: atHead && digest !== undefined ? digest !== head.digest : record.snapshotNeeded,
  };
}

/** Wakes whoever waits, sleeps or is parked. Gone and ahead take more than that to end. */
function woken(record: DeliveryRecord): DeliveryRecord {
  if (record.mode === "gone" || record.mode === "ahead") return record;
  return { ...alive(record), parkedRevision: undefined };
}

function registeredAgain(record: DeliveryRecord): DeliveryRecord {
  return woken(record.mode === "gone" ? { ...record, mode: "active" } : record);
}

function headMoved(record: DeliveryRecord, previousHead: Head, head: Head): DeliveryRecord {
  const newGeneration = record.acked !== undefined && record.acked.generation !== head.generation;
  if (record.mode === "ahead" && newGeneration) return { ...alive(record), lastError: undefined };
  if (record.mode === "parked" && (newGeneration || record.parkedRevision !== head.revision)) {
    return alive(record);
  }
  // A server that reached the head by another way starts a new row of failures, if any.
  const wasCurrent = acknowledgedRevision(record, previousHead) === previousHead.revision;
  return wasCurrent && record.mode === "active" && record.consecutiveFailures > 0
    ? alive(record)
    : record;
}
