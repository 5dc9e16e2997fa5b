/** How far all storage servers are together. */
import type { DeliveryRecord } from "../core/delivery-record.ts";
import {
  acknowledgedRevision,
  type DeliveryState,
  deliveryState,
  type Head,
  isUnreachable,
} from "../core/delivery-state.ts";
import type { StorageServerId } from "../core/model.ts";

export interface DeliveryProgress {
  /** Number of registered storage servers. */
  readonly servers: number;
  readonly acked: number;
  /** Those that have not acknowledged, in id order. */
  readonly behind: readonly StorageServerId[];
  /** Those of `behind` that will not without being woken: parked, dormant, gone or ahead. */
  readonly unreachable: readonly StorageServerId[];
}

/** `revision` is a distributed revision of the head's generation. */
export function progressOf(
  records: Iterable<DeliveryRecord>,
  head: Head,
  revision: number,
): DeliveryProgress {
  let [servers, acked] = [0, 0];
  const behind: StorageServerId[] = [];
  const unreachable: StorageServerId[] = [];
  for (const record of records) {
    servers++;
    if ((acknowledgedRevision(record, head) ?? -1) >= revision) {
      acked++;
      continue;
    }
    behind.push(record.storageServerId);
    if (isUnreachable(deliveryState(record, head))) unreachable.push(record.storageServerId);
  }
  return { servers, acked, behind: behind.sort(), unreachable: unreachable.sort() };
}

/** How many storage servers are in each state. */
export type DeliveryCounts = Partial<Record<DeliveryState, number>>;

export function countsOf(records: Iterable<DeliveryRecord>, head: Head): DeliveryCounts {
  const counts: DeliveryCounts = {};
  for (const record of records) {
    const state = deliveryState(record, head);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** What all servers have acknowledged in the head's generation; 0 where there is none of either. */
export function acknowledgedByAll(records: Iterable<DeliveryRecord>, head: Head): number {
  let least: number | undefined;
  for (const record of records) {
    least = Math.min(least ?? head.revision, acknowledgedRevision(record, head) ?? 0);
  }
  return least ?? 0;
}

export type Convergence = "converged" | "timed-out" | "unreachable-left";

/** What those who wait for `revision` are told; absent: there are some who may still get there. */
export function verdictOn(
  revision: number,
  records: Iterable<DeliveryRecord>,
  head: Head,
): Exclude<Convergence, "timed-out"> | undefined {
  let verdict: "converged" | "unreachable-left" = "converged";
  for (const record of records) {
    if ((acknowledgedRevision(record, head) ?? -1) >= revision) continue;
    const isTold = revision <= head.revision;
    if (!isTold || !isUnreachable(deliveryState(record, head))) return undefined;
    verdict = "unreachable-left";
  }
  return verdict;
}
