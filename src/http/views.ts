/** Records as they are answered: fields are allowed here one by one, so no secret slips through. */
import type { z } from "zod";
import { type ClusterState, holdingsOf, linkOf, processOfRNode } from "../core/cluster-state.ts";
import type { DeliveryView } from "../core/delivery-state.ts";
import {
  type Link,
  type LinkAssignment,
  MILLI,
  type Process,
  type StorageServer,
  type Volume,
} from "../core/model.ts";
import type * as servers from "./schemas/storage-servers.ts";
import type * as tables from "./schemas/tables.ts";
import type * as topology from "./schemas/topology.ts";

export const formatTime = (ms: number): string => new Date(ms).toISOString();
const optionalTime = (ms: number | undefined) => (ms === undefined ? undefined : formatTime(ms));

export function storageServerView(
  { id, callbackUrl, labels, state }: StorageServer,
  figures: DeliveryView,
): z.output<typeof servers.storageServer> {
  const { lastSeenAt, since, lastAttemptAt, nextAttemptAt, ...delivery } = figures;
  return {
    id,
    callbackUrl,
    labels,
    state,
    delivery: {
      ...delivery,
      since: formatTime(since),
      lastAttemptAt: optionalTime(lastAttemptAt),
      nextAttemptAt: optionalTime(nextAttemptAt),
    },
    lastSeenAt: optionalTime(lastSeenAt),
  };
}

export function processView(
  state: ClusterState,
  process: Process,
): z.output<typeof topology.process> {
  const { id, storageServerId, rNodeId, cNodeId, dNodeId, weightMilli } = process;
  return {
    id,
    storageServerId,
    rNodeId,
    cNodeId,
    dNodeId,
    weight: weightMilli / MILLI,
    state: process.state,
    linkId: linkOf(state, process) ?? null,
    ...holdingsOf(state, cNodeId),
  };
}

export function linkView(state: ClusterState, link: Link): z.output<typeof topology.link> {
  const { revision: _, ...fields } = link;
  return { ...fields, rNodeId: state.linkAssignments.get(link.id)?.rNodeId ?? null };
}

export function volumeView(volume: Volume): z.output<typeof topology.volume> {
  const { id, blockCount, extentBlocks, revision, map } = volume;
  return { id, blockCount, extentBlocks, rangeCount: map.rangeCount, revision };
}

/** A row of the assignment table with the process behind the R-node. */
export function assignmentView(
  state: ClusterState,
  row: Pick<LinkAssignment, "linkId" | "rNodeId">,
): z.output<typeof tables.assignmentAnswer> {
  const { linkId, rNodeId } = row;
  const process = processOfRNode(state, rNodeId)!;
  const link = state.links.get(linkId)!;
  return {
    linkId,
    rNodeId,
    processId: process.id,
    storageServerId: process.storageServerId,
    remoteAddress: link.remoteAddress,
    remotePort: link.remotePort,
  };
}
