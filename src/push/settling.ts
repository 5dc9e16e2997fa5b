/** How far addresses that moved are settled, from what is durable of all storage servers. */
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import { acknowledgedRevision, type Head, headOf } from "../core/delivery-state.ts";
import { firstUnsettled, isCutOff, type Standing, settledRevisionOf } from "../core/settled.ts";
import type { AddressLosses } from "./losses.ts";

export interface HandOver {
  readonly unsettledRevision: number | undefined;
  readonly cutOff: boolean;
}

/** The head of `state`, and what is settled now that it is the head. */
export function settledHead(
  state: ClusterState,
  records: Iterable<DeliveryRecord>,
  { losses, floorRevision }: { losses: AddressLosses; floorRevision: number },
): Head {
  const head = headOf(state, { settledRevision: 0, floorRevision });
  const standings: Standing[] = [];
  for (const record of records) {
    const standing = standingOf(state, record, losses, head);
    const { acknowledged } = standing;
    if (acknowledged !== undefined) losses.acknowledged(record.storageServerId, acknowledged);
    standings.push(standing);
  }
  return { ...head, settledRevision: settledRevisionOf(standings, head.revision) };
}

/** Whether a server holds others back, from which revision on, and whether it is cut off. */
export function handOverOf(
  state: ClusterState,
  record: DeliveryRecord,
  { losses, head }: { losses: AddressLosses; head: Head },
): HandOver {
  const standing = standingOf(state, record, losses, head);
  return { unsettledRevision: firstUnsettled(standing), cutOff: standing.cutOff };
}

function standingOf(
  state: ClusterState,
  record: DeliveryRecord,
  losses: AddressLosses,
  head: Head,
): Standing {
  // Whoever has been heard of is cut off no more: a thousand servers need no look-up each.
  const server = record.acked ? undefined : state.storageServers.get(record.storageServerId);
  return {
    losses: losses.of(record.storageServerId),
    acknowledged: acknowledgedRevision(record, head),
    cutOff: server !== undefined && isCutOff(server, record.acked),
  };
}
