/**
 * What changed between two states: the one source of the store's rows, of the digest, of what a
 * revision reports, and of whether there is a revision at all.
 */
import type { ClusterState } from "./cluster-state.ts";
import { a2cRow, DigestAccumulator, linkRow, nodeRow, volumeRow } from "./digest.ts";
import { lostRevisionsAfter } from "./losses.ts";
import { movesBetween } from "./map-moves.ts";
import type {
  Credentials,
  Link,
  LinkAssignment,
  LinkId,
  Process,
  ProcessId,
  Settings,
  StorageServer,
  StorageServerId,
  Volume,
  VolumeId,
} from "./model.ts";
import { columnsOf, type RangeColumns, rangeCount, rangesOf } from "./ranges.ts";
import type { Difference } from "./sorted-map.ts";

/** The volume's record without its map. */
export type VolumeRecord = Omit<Volume, "map">;

export interface MapChange {
  readonly volumeId: VolumeId;
  /** Canonical rows that left, in address order. */
  readonly removed: RangeColumns;
  /** Canonical rows that came, in address order. */
  readonly added: RangeColumns;
}

/** All of it may be sent to another thread: plain data and typed arrays. */
export interface Changes {
  readonly storageServers: readonly Difference<StorageServerId, StorageServer>[];
  readonly credentials: readonly Difference<StorageServerId, Credentials>[];
  readonly processes: readonly Difference<ProcessId, Process>[];
  readonly links: readonly Difference<LinkId, Link>[];
  readonly volumes: readonly Difference<VolumeId, VolumeRecord>[];
  readonly linkAssignments: readonly Difference<LinkId, LinkAssignment>[];
  readonly maps: readonly MapChange[];
  readonly settings?: Settings | undefined;
  /** The generation that begins with this revision. */
  readonly generation?: number | undefined;
}

/** How much a revision changed, as `GET /v1/revisions` shows it. */
export interface ChangeCounts {
  /** Rows that the A2C table gained. */
  readonly a2cEntries: number;
  /** Links that got, lost or changed their R-node. */
  readonly linkAssignments: number;
  /** Addresses that went from one owner to another. */
  readonly movedAddresses: number;
}

const NO_RANGES: RangeColumns = columnsOf([]);

export function changesBetween(before: ClusterState, after: ClusterState): Changes {
  const volumes = before.volumes.differences(after.volumes);
  return {
    storageServers: before.storageServers.differences(after.storageServers),
    credentials: before.credentials.differences(after.credentials),
    processes: before.processes.differences(after.processes),
    links: before.links.differences(after.links),
    volumes: volumes.map(({ key, before: old, after: now }) => ({
      key,
      before: old && recordOf(old),
      after: now && recordOf(now),
    })),
    linkAssignments: before.linkAssignments.differences(after.linkAssignments),
    maps: volumes.map(mapChange),
    settings: before.settings === after.settings ? undefined : after.settings,
    generation: before.generation === after.generation ? undefined : after.generation,
  };
}

export function isEmpty(changes: Changes): boolean {
  const { settings, generation, ...lists } = changes;
  const figures = [settings, generation];
  return (
    figures.every((figure) => figure === undefined) &&
    Object.values(lists).every((list) => list.length === 0)
  );
}

export function countChanges(changes: Changes): ChangeCounts {
  let [a2cEntries, movedAddresses] = [0, 0];
  for (const { removed, added } of changes.maps) {
    a2cEntries += rangeCount(added);
    for (const { firstLba, lastLba } of movesBetween(removed, added)) {
      movedAddresses += lastLba - firstLba + 1;
    }
  }
  return { a2cEntries, linkAssignments: changes.linkAssignments.length, movedAddresses };
}

/** Rows that are hashed in one step of `sealInSteps`, a few milliseconds' worth. */
const ROWS_PER_STEP = 2048;

/**
 * The state with the head's figures brought up to date: the next revision, the distributed head,
 * the digest, and who lost addresses, each where `changes` touch it. A million rows take a while:
 * whoever takes the steps can let others run in between.
 */
export function* sealInSteps(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
): Generator<void, ClusterState> {
  const revision = before.revision + 1;
  const rows = new DigestAccumulator(before.digest);
  let count = 0;
  for (const row of changedRows(changes)) {
    rows.toggle(row);
    if (++count % ROWS_PER_STEP === 0) yield;
  }
  const distributed = count > 0;
  return {
    ...after,
    revision,
    distributedRevision: distributed ? revision : before.distributedRevision,
    linkAssignmentsRevision:
      changes.linkAssignments.length > 0 ? revision : before.linkAssignmentsRevision,
    digest: distributed ? rows.digest() : before.digest,
    lostRevisions: lostRevisionsAfter(before, after, changes, revision),
  };
}

/** The same at once. */
export function sealRevision(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
): ClusterState {
  const steps = sealInSteps(before, after, changes);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The rows of the distributed state that left or came; a row that stayed is not among them. */
export function* changedRows(
  changes: Pick<Changes, "volumes" | "processes" | "linkAssignments" | "maps">,
): IterableIterator<string> {
  yield* changedOf(changes.volumes, volumeRow);
  yield* changedOf(changes.processes, nodeRow);
  yield* changedOf(changes.linkAssignments, linkRow);
  for (const { volumeId, removed, added } of changes.maps) {
    for (const range of rangesOf(removed)) yield a2cRow({ volumeId, ...range });
    for (const range of rangesOf(added)) yield a2cRow({ volumeId, ...range });
  }
}

function* changedOf<T>(
  differences: readonly Difference<string, T>[],
  rowOf: (record: T) => string,
): IterableIterator<string> {
  for (const { before, after } of differences) {
    const [left, came] = [before && rowOf(before), after && rowOf(after)];
    if (left === came) continue;
    if (left !== undefined) yield left;
    if (came !== undefined) yield came;
  }
}

function recordOf({ map: _, ...record }: Volume): VolumeRecord {
  return record;
}

function mapChange({ key: volumeId, before, after }: Difference<VolumeId, Volume>): MapChange {
  if (!before) return { volumeId, removed: NO_RANGES, added: after!.map.columns() };
  if (!after) return { volumeId, removed: before.map.columns(), added: NO_RANGES };
  return { volumeId, ...before.map.difference(after.map) };
}
