/**
 * The messages that bring a storage server to the head: the whole distributed state, or what
 * differs from a revision it has. A message is the same for every server at the same step.
 */
import type { VolumeRecord } from "./changes.ts";
import type { ClusterState } from "./cluster-state.ts";
import { formatDigest } from "./digest.ts";
import type { DistributedChanges } from "./distributed-changes.ts";
import { invariant } from "./errors.ts";
import type {
  A2cEntry,
  LinkAssignment,
  LinkId,
  Process,
  ProcessId,
  StorageServer,
  VolumeId,
} from "./model.ts";
import { rangesOf } from "./ranges.ts";
import type { Difference } from "./sorted-map.ts";

export interface VolumeRow {
  readonly volumeId: VolumeId;
  readonly blockCount: number;
}

export interface NodeRow {
  readonly processId: ProcessId;
  readonly storageServerId: StorageServer["id"];
  readonly rNodeId: Process["rNodeId"];
  readonly cNodeId: Process["cNodeId"];
}

export type LinkRow = Omit<LinkAssignment, "revision">;

/** A push's body, its fields in the order in which they are written. */
export interface TablesUpdate {
  readonly type: "tables.update";
  readonly clusterId: string;
  readonly generation: number;
  readonly kind: "snapshot" | "delta";
  /** The one revision that a delta applies to; a snapshot has none. */
  readonly fromRevision?: number | undefined;
  readonly revision: number;
  readonly settledRevision: number;
  /** Taken out before anything is put in. */
  readonly removed: {
    readonly volumeIds: readonly VolumeId[];
    readonly processIds: readonly ProcessId[];
    readonly linkIds: readonly LinkId[];
  };
  readonly volumes: readonly VolumeRow[];
  readonly nodes: readonly NodeRow[];
  /** Can be gone through more than once; a million rows never stand in memory as objects. */
  readonly a2c: Iterable<A2cEntry>;
  readonly linkAssignments: readonly LinkRow[];
  /** Of the distributed state after the update. */
  readonly digest: string;
}

/** The whole of `state`, for a server of which nothing is known or whose content differs. */
export function snapshotMessage(state: ClusterState, settledRevision: number): TablesUpdate {
  return {
    ...headingOf(state),
    kind: "snapshot",
    revision: state.distributedRevision,
    settledRevision,
    removed: { volumeIds: [], processIds: [], linkIds: [] },
    volumes: [...state.volumes.values()].map(volumeRow),
    nodes: [...state.processes.values()].map(nodeRow),
    a2c: { [Symbol.iterator]: () => wholeTable(state) },
    linkAssignments: [...state.linkAssignments.values()].map(linkRow),
    digest: formatDigest(state.digest),
  };
}

/**
 * What leads from `changes.fromRevision` to `state`, whose distributed head `changes` must reach.
 * Removals are carried out first, so a volume that was deleted and made again stands in both
 * lists; entries of the A2C table paint, so only those that came since are sent.
 */
export function deltaMessage(
  state: ClusterState,
  changes: DistributedChanges,
  settledRevision: number,
): TablesUpdate {
  const { fromRevision, toRevision, volumes, processes, linkAssignments } = changes;
  const reachesHead = toRevision >= state.distributedRevision && toRevision <= state.revision;
  invariant(reachesHead, `changes up to ${toRevision} reach ${state.distributedRevision}`);
  const madeAgain = ({ before, after }: Difference<VolumeId, VolumeRecord>) =>
    before !== undefined && after !== undefined && after.createdRevision > fromRevision;
  return {
    ...headingOf(state),
    kind: "delta",
    fromRevision,
    revision: state.distributedRevision,
    settledRevision,
    removed: {
      volumeIds: volumes.filter((d) => isRemoved(d) || madeAgain(d)).map(({ key }) => key),
      processIds: processes.filter(isRemoved).map(({ key }) => key),
      linkIds: linkAssignments.filter(isRemoved).map(({ key }) => key),
    },
    volumes: volumes.flatMap((d) =>
      changedRow(madeAgain(d) ? { ...d, before: undefined } : d, volumeRow),
    ),
    nodes: processes.flatMap((d) => changedRow(d, nodeRow)),
    a2c: { [Symbol.iterator]: () => rowsThatCame(state, changes) },
    linkAssignments: linkAssignments.flatMap((d) => changedRow(d, linkRow)),
    digest: formatDigest(state.digest),
  };
}

/** Rows that are written in one piece. */
const PIECE_ROWS_MAX = 4096;

/**
 * The message as JSON, in pieces of bounded size, so that whoever joins or streams them can let
 * others run in between.
 */
export function* encodeUpdate(update: TablesUpdate): IterableIterator<string> {
  const { a2c, linkAssignments, digest, ...beginning } = update;
  yield `${JSON.stringify(beginning).slice(0, -1)},"a2c":[`;
  let rows: A2cEntry[] = [];
  let separator = "";
  const piece = () => {
    const text = separator + JSON.stringify(rows).slice(1, -1);
    separator = ",";
    rows = [];
    return text;
  };
  for (const row of a2c) if (rows.push(row) === PIECE_ROWS_MAX) yield piece();
  if (rows.length > 0) yield piece();
  yield `],${JSON.stringify({ linkAssignments, digest }).slice(1)}`;
}

function headingOf({ clusterId, generation }: ClusterState) {
  return { type: "tables.update", clusterId, generation } as const;
}

const volumeRow = ({ id, blockCount }: VolumeRecord): VolumeRow => ({ volumeId: id, blockCount });

const nodeRow = ({ id, storageServerId, rNodeId, cNodeId }: Process): NodeRow => ({
  processId: id,
  storageServerId,
  rNodeId,
  cNodeId,
});

const linkRow = ({ linkId, rNodeId, remoteAddress, remotePort }: LinkAssignment): LinkRow => ({
  linkId,
  rNodeId,
  remoteAddress,
  remotePort,
});

function isRemoved({ before, after }: Difference<string, unknown>): boolean {
  return before !== undefined && after === undefined;
}

/** The row as it is now, where a distributed field of it differs; other fields do not count. */
function changedRow<T, Row>({ before, after }: Difference<string, T>, rowOf: (record: T) => Row) {
  if (after === undefined) return [];
  const row = rowOf(after);
  if (before === undefined) return [row];
  return JSON.stringify(rowOf(before)) === JSON.stringify(row) ? [] : [row];
}

function* wholeTable(state: ClusterState): IterableIterator<A2cEntry> {
  for (const { id: volumeId, map } of state.volumes.values()) {
    for (const range of map.ranges()) yield { volumeId, ...range };
  }
}

function* rowsThatCame(
  state: ClusterState,
  { a2c }: DistributedChanges,
): IterableIterator<A2cEntry> {
  for (const { volumeId, ranges } of a2c) {
    if (!state.volumes.has(volumeId)) continue;
    for (const range of rangesOf(ranges)) yield { volumeId, ...range };
  }
}
