/** What follows from where a storage server says it is. */
import type { DeliveryContext } from "./delivery.ts";
import { alive, triedNow } from "./delivery-attempts.ts";
import type { DeliveryRecord, Position } from "./delivery-record.ts";
import { acknowledgedRevision, type Head } from "./delivery-state.ts";

/** What a server says of itself, unasked. */
export type Report = Position & { readonly digest: string };

/**
 * A report: heartbeat and acknowledgement in one. At the head it ends a row of failures; below
 * it there is reason to try now, but a callback that cannot be reached stays so. Gone and ahead
 * take more than that to end.
 */
export function heardOf(
  before: DeliveryRecord,
  report: Report,
  { now, head }: DeliveryContext,
): DeliveryRecord {
  const record = reported({ ...before, lastSeenAt: now }, report, head);
  if (before.mode === "gone") return { ...record, mode: before.mode };
  if (record.mode === "ahead") return record;
  if (acknowledgedRevision(record, head) !== head.revision) return triedNow(record);
  return { ...alive(record), lastError: undefined, parkedAt: undefined };
}

/** What a server says of itself; `digest` is checked where it can be, at the head. */
export function reported(
  record: DeliveryRecord,
  { generation, revision, digest }: Position & { readonly digest?: string | undefined },
  head: Head,
): DeliveryRecord {
  const sameGeneration = generation === head.generation;
  const ahead = sameGeneration && revision > head.revision;
  const atHead = sameGeneration && revision === head.revision && digest !== undefined;
  const differs = atHead && digest !== head.digest;
  const alarm = ahead
    ? `has revision ${revision}, more than the head`
    : differs
      ? otherContent(revision, digest)
      : undefined;
  return {
    ...record,
    acked: { generation, revision },
    mode: ahead ? "ahead" : "active",
    lastError: alarm ?? record.lastError,
    snapshotNeeded: atHead ? differs : record.snapshotNeeded,
  };
}

export function otherContent(revision: number, digest: string): string {
  return `holds other content at revision ${revision}: digest ${digest}`;
}
