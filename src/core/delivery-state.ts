/** What a delivery record means against the head: its state, what is to be sent, how it is shown. */
import type { ClusterState } from "./cluster-state.ts";
import type { DeliveryMode, DeliveryRecord } from "./delivery-record.ts";
import { formatDigest } from "./digest.ts";
import type { StorageServerId } from "./model.ts";

/** Where every server is to be brought. */
export interface Head {
  readonly generation: number;
  /** The distributed head. */
  readonly revision: number;
  /** Of the distributed state, in the form used in messages. */
  readonly digest: string;
  /** Deltas can be made from this revision on. */
  readonly floorRevision: number;
}

export type DeliveryState = "current" | "behind" | Exclude<DeliveryMode, "active">;

/** One message's worth of way: always to the head. */
export type Step =
  | { readonly kind: "snapshot"; readonly revision: number }
  | { readonly kind: "delta"; readonly fromRevision: number; readonly revision: number };

/** `until` is in milliseconds since 1970. */
export type DeliveryAction =
  | { readonly kind: "send"; readonly step: Step }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "idle" };

/** The whole history is kept, so deltas can be made from anywhere. */
export function headOf({ generation, distributedRevision, digest }: ClusterState): Head {
  return {
    generation,
    revision: distributedRevision,
    digest: formatDigest(digest),
    floorRevision: 0,
  };
}

/** What is known of a server that has just been registered: nothing. */
export function freshDelivery(
  { id, registeredRevision }: { id: StorageServerId; registeredRevision: number },
  now: number,
): DeliveryRecord {
  return {
    storageServerId: id,
    registeredRevision,
    mode: "active",
    since: now,
    consecutiveFailures: 0,
    snapshotNeeded: false,
  };
}

/**
 * A record as it is taken up after a restart. That the head moved on is not written per server,
 * so of one that is behind without a failure it is only known that it is so now.
 */
export function resumedDelivery(record: DeliveryRecord, head: Head, now: number): DeliveryRecord {
  const untried = record.consecutiveFailures === 0 && deliveryState(record, head) === "behind";
  return untried ? { ...record, since: now } : record;
}

/**
 * The last revision whose content the server is known to have, in the head's generation. What a
 * server says that is ahead, or that holds other content, is no knowledge of ours.
 */
export function acknowledgedRevision(record: DeliveryRecord, head: Head): number | undefined {
  const { acked, snapshotNeeded, mode } = record;
  if (!acked || acked.generation !== head.generation) return undefined;
  if (snapshotNeeded || mode === "ahead" || acked.revision > head.revision) return undefined;
  return acked.revision;
}

export function deliveryState(record: DeliveryRecord, head: Head): DeliveryState {
  if (record.mode !== "active") return record.mode;
  return acknowledgedRevision(record, head) === head.revision ? "current" : "behind";
}

/** Whether a server will not take part until it, or an operator, does something about it. */
export function isUnreachable(state: DeliveryState): boolean {
  return state !== "current" && state !== "behind";
}

/** What to do for a server next (rules 4, 8 and 9 of distribution). */
export function nextAction(record: DeliveryRecord, head: Head, now: number): DeliveryAction {
  const { mode, nextAttemptAt = now } = record;
  if (mode !== "active" && mode !== "dormant") return { kind: "idle" };
  const acknowledged = acknowledgedRevision(record, head);
  if (acknowledged === head.revision) return { kind: "idle" };
  if (nextAttemptAt > now) return { kind: "wait", until: nextAttemptAt };
  return { kind: "send", step: stepFrom(acknowledged, head) };
}

function stepFrom(acknowledged: number | undefined, { revision, floorRevision }: Head): Step {
  if (acknowledged === undefined || acknowledged < floorRevision) {
    return { kind: "snapshot", revision };
  }
  return { kind: "delta", fromRevision: acknowledged, revision };
}

/** As the API shows it; times are milliseconds since 1970. */
export interface DeliveryView {
  readonly state: DeliveryState;
  readonly headRevision: number;
  /** Absent: nothing is known in this generation. */
  readonly ackedRevision?: number | undefined;
  /** The head less what is acknowledged, the whole head where nothing is. */
  readonly lag: number;
  readonly since: number;
  readonly lastAttemptAt?: number | undefined;
  readonly lastError?: string | undefined;
  readonly consecutiveFailures: number;
  readonly nextAttemptAt?: number | undefined;
  readonly lastSeenAt?: number | undefined;
}

export function deliveryView(record: DeliveryRecord, head: Head): DeliveryView {
  const state = deliveryState(record, head);
  // Of a server that is ahead, what it says is shown: it is what the alarm is about.
  const ackedRevision =
    state === "ahead" ? record.acked?.revision : acknowledgedRevision(record, head);
  return {
    state,
    headRevision: head.revision,
    ackedRevision,
    lag: Math.max(0, head.revision - (ackedRevision ?? 0)),
    since: record.since,
    lastAttemptAt: record.lastAttemptAt,
    lastError: record.lastError,
    consecutiveFailures: record.consecutiveFailures,
    nextAttemptAt: state === "behind" || state === "dormant" ? record.nextAttemptAt : undefined,
    lastSeenAt: record.lastSeenAt,
  };
}
