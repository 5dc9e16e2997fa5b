/** What a delivery record means against the head: its state, what is to be sent, how it is shown. */
import type { ClusterState } from "./cluster-state.ts";
import { alive } from "./delivery-attempts.ts";
import type { DeliveryMode, DeliveryRecord, Position } from "./delivery-record.ts";
import { formatDigest } from "./digest.ts";
import type { StorageServerId } from "./model.ts";

/** Where every server is to be brought. */
export interface Head {
  readonly generation: number;
  /** The distributed head. */
  readonly revision: number;
  /** Of the distributed state, in the form used in messages. */
  readonly digest: string;
  /** Deltas can be made from this revision on: what was before is not kept (rule 9). */
  readonly floorRevision: number;
  /** Addresses that came up to this revision may be served. */
  readonly settledRevision: number;
}

export type DeliveryState = "current" | "behind" | Exclude<DeliveryMode, "active">;

/** One message's worth of way: always to the head. `settled` is for who is there already. */
export type Step =
  | TablesStep
  | {
      readonly kind: "settled";
      readonly revision: number;
      readonly settledRevision: number;
    };

export type TablesStep =
  | { readonly kind: "snapshot"; readonly revision: number }
  | { readonly kind: "delta"; readonly fromRevision: number; readonly revision: number };

/** `until` is in milliseconds since 1970. */
export type DeliveryAction =
  | { readonly kind: "send"; readonly step: Step }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "idle" };

export function headOf(
  state: ClusterState,
  { settledRevision, floorRevision }: Pick<Head, "settledRevision" | "floorRevision">,
): Head {
  return {
    generation: state.generation,
    revision: state.distributedRevision,
    digest: formatDigest(state.digest),
    floorRevision,
    settledRevision,
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
  const resumed = forHead(record, head);
  const untried = resumed.consecutiveFailures === 0 && deliveryState(resumed, head) === "behind";
  return untried ? { ...resumed, since: now } : resumed;
}

/** The record against a head: what was refused, or was too much, may not be any more. */
export function forHead(record: DeliveryRecord, head: Head): DeliveryRecord {
  const { mode, parkedAt, acked } = record;
  const refused = parkedAt?.revision === head.revision && parkedAt.generation === head.generation;
  if (mode === "parked" && !refused) return alive(record);
  if (mode === "ahead" && acked?.generation !== head.generation) {
    return { ...alive(record), lastError: undefined };
  }
  return record;
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
  const step = nextStep(record, head);
  if (!step) return { kind: "idle" };
  if (nextAttemptAt > now) return { kind: "wait", until: nextAttemptAt };
  return { kind: "send", step };
}

function nextStep(record: DeliveryRecord, head: Head): Step | undefined {
  const acknowledged = acknowledgedRevision(record, head);
  if (acknowledged !== head.revision) return stepFrom(acknowledged, head);
  if ((inGeneration(record.toldSettled, head) ?? -1) >= head.settledRevision) return undefined;
  return { kind: "settled", revision: head.revision, settledRevision: head.settledRevision };
}

/** The way to the head from what a server has in its generation; absent: from nothing. */
export function stepFrom(revision: number | undefined, head: Head): TablesStep {
  if (revision === undefined || revision < head.floorRevision) {
    return { kind: "snapshot", revision: head.revision };
  }
  return { kind: "delta", fromRevision: revision, revision: head.revision };
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
  /** The settled revision that it was last told in this generation. */
  readonly settledRevision?: number | undefined;
  /** It lost addresses in this revision and may still serve them, which holds all others back. */
  readonly unsettledRevision?: number | undefined;
  /** An operator has cut it off, and it has not been heard of since. */
  readonly cutOff?: boolean | undefined;
}

export function deliveryView(
  record: DeliveryRecord,
  head: Head,
  handOver: Pick<DeliveryView, "unsettledRevision" | "cutOff"> = {},
): DeliveryView {
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
    settledRevision: inGeneration(record.toldSettled, head),
    ...handOver,
  };
}

function inGeneration(position: Position | undefined, head: Head): number | undefined {
  return position?.generation === head.generation ? position.revision : undefined;
}
