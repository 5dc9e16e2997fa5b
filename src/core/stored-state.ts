/** The cluster state as plain records, as a store hands it over at start. */
import { AddressMap } from "./address-map.ts";
import type { VolumeRecord } from "./changes.ts";
import { type ClusterState, emptyState, indexOf } from "./cluster-state.ts";
import type { Digest } from "./digest.ts";
import type {
  Credentials,
  Link,
  LinkAssignment,
  Process,
  Settings,
  StorageServer,
  StorageServerId,
  Volume,
} from "./model.ts";
import type { RangeColumns } from "./ranges.ts";
import { SortedMap } from "./sorted-map.ts";

export interface StateRecords {
  readonly clusterId: string;
  readonly generation: number;
  readonly revision: number;
  readonly distributedRevision: number;
  readonly linkAssignmentsRevision: number;
  /** As it was written with the head; compared with the rows at start. */
  readonly digest: Digest;
  readonly settings: Settings;
  readonly storageServers: readonly StorageServer[];
  readonly credentials: readonly (readonly [StorageServerId, Credentials])[];
  readonly processes: readonly Process[];
  readonly links: readonly Link[];
  readonly linkAssignments: readonly LinkAssignment[];
  readonly volumes: readonly VolumeRecords[];
  /** The last revision of this generation in which each server lost addresses. */
  readonly lostRevisions: readonly (readonly [StorageServerId, number])[];
}

/** A volume and its canonical rows in address order. */
export interface VolumeRecords {
  readonly record: VolumeRecord;
  readonly ranges: RangeColumns;
}

/** The state that the records describe. Fails on a map with a gap or an overlap. */
export function restoreState({ volumes, ...records }: StateRecords): ClusterState {
  return stateOf(
    records,
    volumes.map(({ record, ranges }) => ({ ...record, map: AddressMap.ofColumns(ranges) })),
  );
}

export function stateOf(
  records: Omit<StateRecords, "volumes">,
  volumes: readonly Volume[],
): ClusterState {
  const { processes, linkAssignments } = records;
  return {
    ...emptyState(records),
    revision: records.revision,
    distributedRevision: records.distributedRevision,
    linkAssignmentsRevision: records.linkAssignmentsRevision,
    digest: records.digest,
    settings: records.settings,
    storageServers: SortedMap.from(records.storageServers.map((server) => [server.id, server])),
    credentials: SortedMap.from(records.credentials),
    processes: SortedMap.from(processes.map((process) => [process.id, process])),
    links: SortedMap.from(records.links.map((link) => [link.id, link])),
    linkAssignments: SortedMap.from(linkAssignments.map((row) => [row.linkId, row])),
    volumes: SortedMap.from(volumes.map((volume) => [volume.id, volume])),
    lostRevisions: SortedMap.from(records.lostRevisions),
    index: indexOf(processes, linkAssignments),
  };
}
