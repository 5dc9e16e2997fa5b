/**
 * What changed between two states: the one source of the store's rows, of the digest, of what a
 * revision reports, and of whether there is a revision at all.
 */
import { changedRecords, digestOfMaps, rowCount } from "./changed-rows.ts";
import type { ClusterState } from "./cluster-state.ts";
import { combined, type Digest, digestOf } from "./digest.ts";
import { lostRevisionsAfter } from "./losses.ts";
import { paceOfComparison } from "./map-difference.ts";
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
import { columnsOf, type RangeColumns, rangeCount } from "./ranges.ts";
import type { Difference } from "./sorted-map.ts";
import { finish, type Pace, type Steps } from "./steps.ts";

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

/** Not a constant: the buffers are handed to the store's thread. */
const noRanges = (): RangeColumns => columnsOf([]);

export function changesBetween(before: ClusterState, after: ClusterState): Changes {
  return finish(changesInSteps(before, after));
}

/** The same in steps, for a million ranges in one map or in many. */
export function* changesInSteps(before: ClusterState, after: ClusterState): Steps<Changes> {
  const volumes = before.volumes.differences(after.volumes);
  const maps: MapChange[] = [];
  const pace = paceOfComparison();
  for (const volume of volumes) maps.push(yield* mapChange(volume, pace));
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
    maps,
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

/**
 * The state with the head's figures brought up to date: the next revision, the distributed head,
 * the digest, and who lost addresses, each where `changes` touch it. `ofMaps`: what the rows of
 * the changed maps do to the digest.
 */
export function* sealInSteps(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
  ofMaps: Digest,
): Steps<ClusterState> {
  const revision = before.revision + 1;
  const records = changedRecords(changes);
  const distributed = records.length > 0 || changes.maps.some((change) => rowCount(change) > 0);
  return {
    ...after,
    revision,
    distributedRevision: distributed ? revision : before.distributedRevision,
    linkAssignmentsRevision:
      changes.linkAssignments.length > 0 ? revision : before.linkAssignmentsRevision,
    digest: combined(before.digest, digestOf(records), ofMaps),
    lostRevisions: yield* lostRevisionsAfter(before, after, changes, revision),
  };
}

/** The same at once. */
export function sealRevision(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
): ClusterState {
  return finish(sealInSteps(before, after, changes, finish(digestOfMaps(changes.maps))));
}

function recordOf({ map: _, ...record }: Volume): VolumeRecord {
  return record;
}

function* mapChange(
  { key: volumeId, before, after }: Difference<VolumeId, Volume>,
  pace: Pace,
): Steps<MapChange> {
  if (!before) return { volumeId, removed: noRanges(), added: after!.map.columns() };
  if (!after) return { volumeId, removed: before.map.columns(), added: noRanges() };
  return { volumeId, ...(yield* before.map.differenceInSteps(after.map, pace)) };
}
