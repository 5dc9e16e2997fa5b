/** When a storage server is tried again: backoff, probes, and the end of a row of failures. */
import { changedRecord, type DeliveryRecord } from "./delivery-record.ts";

const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 60_000;
const DORMANT_AFTER_MS = 10 * 60_000;
const PROBE_INTERVAL_MS = 60_000;
/** A server may ask for less haste, but not to be forgotten. */
const RETRY_AFTER_MS_MAX = 24 * 60 * 60_000;

/** The server answers: the row of failures ends, and nothing holds the next attempt back. */
export function alive(record: DeliveryRecord): DeliveryRecord {
  return changedRecord(record, {
    mode: "active",
    consecutiveFailures: 0,
    failingSince: undefined,
    nextAttemptAt: undefined,
  });
}

/** There is reason to try now, though it may fail like the times before. */
export function triedNow(record: DeliveryRecord): DeliveryRecord {
  if (record.mode === "gone" || record.mode === "ahead") return record;
  return { ...record, mode: "active", nextAttemptAt: undefined, parkedAt: undefined };
}

interface Failure {
  readonly detail: string;
  /** What the server asked for; nothing or 0 is not asked, or it would make a loop without pause. */
  readonly retryAfterMs?: number | undefined;
  readonly now: number;
  readonly jitter: number;
}

/** Backoff with full jitter, for ever; after ten minutes of it, a probe a minute. */
export function failed(
  record: DeliveryRecord,
  { detail, retryAfterMs, now, jitter }: Failure,
): DeliveryRecord {
  const failingSince = record.failingSince ?? now;
  const dormant = now - failingSince >= DORMANT_AFTER_MS;
  const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** record.consecutiveFailures);
  const ownDelayMs = dormant ? PROBE_INTERVAL_MS : Math.floor(jitter * backoffMs);
  const isAhead = record.mode === "ahead";
  return {
    ...record,
    mode: isAhead ? "ahead" : dormant ? "dormant" : "active",
    lastError: isAhead ? record.lastError : detail,
    consecutiveFailures: record.consecutiveFailures + 1,
    failingSince,
    nextAttemptAt: now + (retryAfterMs ? boundedDelayMs(retryAfterMs) : ownDelayMs),
  };
}

function boundedDelayMs(askedMs: number): number {
  return Math.min(RETRY_AFTER_MS_MAX, Math.max(BACKOFF_MS_MIN, askedMs));
}
