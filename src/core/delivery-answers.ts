/** What follows from a storage server's answer to an update: the table of answers in distribution. */
import type { DeliveryContext, DeliveryEvent } from "./delivery.ts";
import { alive, failed } from "./delivery-attempts.ts";
import { changedRecord, type DeliveryRecord, type Position } from "./delivery-record.ts";
import { otherContent, reported } from "./delivery-reports.ts";
import type { Head, Step } from "./delivery-state.ts";

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

/** What an answer answers; `settledRevision` as it stood in the message. */
export type SentUpdate = Step & {
  readonly generation: number;
  readonly digest: string;
  readonly settledRevision: number;
};

type Answered = Extract<DeliveryEvent, { kind: "answered" }>;

/** The record after an answer to `sent`. */
export function answered(
  before: DeliveryRecord,
  { sent, answer, gapBefore }: Answered,
  context: DeliveryContext,
): DeliveryRecord {
  const { now, head } = context;
  const lastSeenAt = answer.kind === "failed" ? before.lastSeenAt : now;
  const record = changedRecord(before, { lastAttemptAt: now, lastSeenAt });
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
    case "rejected":
      return rejected(record, { sent, answer, head });
    case "gone":
      return { ...alive(record), mode: "gone", lastError: "the storage server is gone for good" };
    case "busy":
      return failed(record, { ...answer, ...context });
    case "failed":
      return failed(record, { ...answer, ...context });
  }
}

interface RejectedAnswer {
  readonly sent: SentUpdate;
  readonly answer: Extract<DeliveryAnswer, { kind: "rejected" }>;
  readonly head: Head;
}

function rejected(record: DeliveryRecord, { sent, answer, head }: RejectedAnswer): DeliveryRecord {
  const refusing = { ...alive(record), lastError: answer.detail };
  const { generation, revision } = sent;
  // Who does not understand what is settled has the tables all the same, and is not told again.
  if (sent.kind === "settled") return { ...refusing, toldSettled: settledIn(sent) };
  const parked = head.revision === revision && head.generation === generation;
  return { ...refusing, mode: parked ? "parked" : "active", parkedAt: { generation, revision } };
}

function settledIn({ generation, settledRevision }: SentUpdate): Position {
  return { generation, revision: settledRevision };
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
    const detail = otherContent(revision, digest);
    // Where even a snapshot ends in other content, sending it again at once would never end.
    if (sent.kind === "snapshot") return failed(differing, { detail, ...context });
    return { ...differing, mode: "active", lastError: detail, nextAttemptAt: undefined };
  }
  return changedRecord(alive(record), {
    acked: { generation, revision },
    toldSettled: settledIn(sent),
    lastError: undefined,
    parkedAt: undefined,
    snapshotNeeded: false,
  });
}
