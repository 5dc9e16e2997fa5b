/** Records as they are answered: fields are allowed here one by one, so no secret slips through. */
import type { z } from "zod";
import type { VolumeRecord } from "../core/changes.ts";
import { type ClusterState, holdingsOf, linkOf, processOfRNode } from "../core/cluster-state.ts";
import { type Holdback, whatHoldsProcess } from "../core/decisions/holdbacks.ts";
import type { DeliveryView } from "../core/delivery-state.ts";
import {
  type Link,
  type LinkAssignment,
  MICRO,
  MILLI,
  type Process,
  type Settings,
  type StorageServer,
  type Volume,
} from "../core/model.ts";
import type { MeasuredLoad } from "../store/store.ts";
import type * as servers from "./schemas/storage-servers.ts";
import type * as tables from "./schemas/tables.ts";
import type * as topology from "./schemas/topology.ts";

export const formatTime = (ms: number): string => new Date(ms).toISOString();
const optionalTime = (ms: number | undefined) => (ms === undefined ? undefined : formatTime(ms));

/** A record without the revision of its last change. */
export function withoutRevision<T extends { readonly revision: number }>(record: T) {
  const { revision: _, ...fields } = record;
  return fields;
}

/**
 * A callback's query may be a secret between whoever registers the server and the server: it is
 * shown only to those who may register one, and kept in no record of what they did.
 */
export function withoutQuery(callbackUrl: string): string {
  return callbackUrl.replace(/\?.*$/s, "?hidden");
}

/** As everybody may see it. */
export function storageServerRecordView({ id, callbackUrl, labels, state }: StorageServer) {
  return { id, callbackUrl: callbackUrl && withoutQuery(callbackUrl), labels, state };
}

export function processRecordView({ weightMilli, revision: _, ...fields }: Process) {
  return { ...fields, weight: weightMilli / MILLI };
}

export function volumeRecordView({ id, blockCount, extentBlocks }: VolumeRecord) {
  return { id, blockCount, extentBlocks };
}

export function settingsView({ replicationCostMicro }: Settings): { replicationCost?: number } {
  if (replicationCostMicro === undefined) return {};
  return { replicationCost: replicationCostMicro / MICRO };
}

export function storageServerView(
  server: StorageServer,
  figures: DeliveryView,
  holdbacks: readonly Holdback[],
): z.output<typeof servers.storageServer> {
  const { lastSeenAt, since, lastAttemptAt, nextAttemptAt, cutOff, ...delivery } = figures;
  return {
    ...storageServerRecordView(server),
    delivery: {
      ...delivery,
      since: formatTime(since),
      lastAttemptAt: optionalTime(lastAttemptAt),
      nextAttemptAt: optionalTime(nextAttemptAt),
    },
    lastSeenAt: optionalTime(lastSeenAt),
    fenced: cutOff ? true : undefined,
    heldBackBy: holdbacks.map(holdbackView),
  };
}

export function processView(
  state: ClusterState,
  process: Process,
  load?: MeasuredLoad,
): z.output<typeof topology.process> {
  return {
    ...processRecordView(process),
    linkId: linkOf(state, process) ?? null,
    ...holdingsOf(state, process.cNodeId),
    heldBackBy: whatHoldsProcess(state, process).map(holdbackView),
    ...(load ? { measuredLoad: loadView(load) } : {}),
  };
}

function holdbackView({ code, detail }: Holdback) {
  return { code, detail };
}

function loadView({ cNodeLoad, rNodeLoad, at }: MeasuredLoad) {
  return { cNodeLoad, rNodeLoad, at: formatTime(at) };
}

export function linkView(state: ClusterState, link: Link): z.output<typeof topology.link> {
  return { ...withoutRevision(link), rNodeId: state.linkAssignments.get(link.id)?.rNodeId ?? null };
}

export function volumeView(volume: Volume): z.output<typeof topology.volume> {
  const { map, revision } = volume;
  return { ...volumeRecordView(volume), rangeCount: map.rangeCount, revision };
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
