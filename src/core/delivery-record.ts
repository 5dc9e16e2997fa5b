/** What the service durably knows of one storage server's delivery (distribution.md, rule 8). */
import type { StorageServerId } from "./model.ts";

/** Whether anything is sent; `current` and `behind` are told by comparing with the head. */
export type DeliveryMode = "active" | "parked" | "dormant" | "gone" | "ahead";

/** Where a server is. */
export interface Position {
  readonly generation: number;
  readonly revision: number;
}

export interface DeliveryRecord {
  readonly storageServerId: StorageServerId;
  /** The registration that this belongs to; another one starts from nothing. */
  readonly registeredRevision: number;
  readonly mode: DeliveryMode;
  /** What the server has, as it last said itself; absent: nothing is known. */
  readonly acked?: Position | undefined;
  /** The settled revision that it was last told, with an answer. */
  readonly toldSettled?: Position | undefined;
  /** Since when the server is in its delivery state. Times are milliseconds since 1970. */
  readonly since: number;
  readonly lastAttemptAt?: number | undefined;
  readonly lastError?: string | undefined;
  readonly consecutiveFailures: number;
  /** When the present row of failures began. */
  readonly failingSince?: number | undefined;
  readonly nextAttemptAt?: number | undefined;
  readonly lastSeenAt?: number | undefined;
  /** What the server has refused. */
  readonly parkedAt?: Position | undefined;
  /** The next update must be a snapshot: the server's content differs from ours. */
  readonly snapshotNeeded: boolean;
}

/**
 * The record with some fields anew. In two spreads, for every answer of every server comes here:
 * a literal that goes on after a spread sets its fields one by one, in ten times as long.
 */
export function changedRecord(
  record: DeliveryRecord,
  fields: Partial<DeliveryRecord>,
): DeliveryRecord {
  return { ...record, ...fields };
}
