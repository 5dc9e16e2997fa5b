/** How one who follows the store comes from a revision to the head. */
import { AddressMap } from "./address-map.ts";
import type { VolumeRecord } from "./changes.ts";
import { type ClusterState, indexOf } from "./cluster-state.ts";
import type { DistributedChanges } from "./distributed-changes.ts";
import type { Link, LinkId, OwnedRange, StorageServer, StorageServerId, Volume } from "./model.ts";
import { type RangeColumns, rangesOf } from "./ranges.ts";
import { type Difference, SortedMap } from "./sorted-map.ts";
import type { StateRecords } from "./stored-state.ts";

/** What differs from an earlier revision; what has no history is told whole. */
export interface News extends DistributedChanges {
  readonly head: Pick<
    StateRecords,
    "generation" | "revision" | "distributedRevision" | "linkAssignmentsRevision" | "digest"
  >;
  readonly settings: StateRecords["settings"];
  readonly storageServers: readonly Difference<StorageServerId, StorageServer>[];
  readonly links: readonly Difference<LinkId, Link>[];
  readonly credentials: StateRecords["credentials"];
  readonly lostRevisions: StateRecords["lostRevisions"];
}

/** The state at the head, from that at `news.fromRevision`. Untouched parts are shared. */
export function takeIn(state: ClusterState, news: News): ClusterState {
  const { generation, revision, distributedRevision, linkAssignmentsRevision, digest } = news.head;
  const processes = patched(state.processes, news.processes);
  const linkAssignments = patched(state.linkAssignments, news.linkAssignments);
  const isIndexed = processes === state.processes && linkAssignments === state.linkAssignments;
  return {
    ...state,
    ...{ generation, revision, distributedRevision, linkAssignmentsRevision, digest },
    settings: news.settings,
    storageServers: patched(state.storageServers, news.storageServers),
    credentials: SortedMap.from(news.credentials),
    processes,
    links: patched(state.links, news.links),
    linkAssignments,
    volumes: patched(state.volumes, volumesIn(state, news)),
    lostRevisions: SortedMap.from(news.lostRevisions),
    index: isIndexed
      ? state.index
      : indexOf([...processes.values()], [...linkAssignments.values()]),
  };
}

function patched<Key extends string, Value>(
  map: SortedMap<Key, Value>,
  differences: readonly Difference<Key, Value>[],
): SortedMap<Key, Value> {
  let next = map;
  for (const { key, after } of differences) {
    next = after === undefined ? next.without(key) : next.with(key, after);
  }
  return next;
}

function volumesIn(state: ClusterState, { volumes, a2c }: News) {
  const ranges = new Map(a2c.map(({ volumeId, ranges: rows }) => [volumeId, rows]));
  return volumes.map(({ key, after }) => {
    if (after === undefined) return { key };
    return { key, after: volumeOf(after, state.volumes.get(key), ranges.get(key)) };
  });
}

/** Rows that came cover every address whose owner has changed, and those that are new. */
function volumeOf(
  record: VolumeRecord,
  old: Volume | undefined,
  came: RangeColumns | undefined,
): Volume {
  if (!came) return { ...record, map: old!.map };
  if (old?.createdRevision !== record.createdRevision) {
    return { ...record, map: AddressMap.ofColumns(came) };
  }
  const { map, blockCount } = old;
  const painted = map.paint(cut(came, 0, blockCount - 1));
  if (blockCount === record.blockCount) return { ...record, map: painted };
  return { ...record, map: painted.extend(cut(came, blockCount, record.blockCount - 1)) };
}

/** What lies within `first … last`. */
function* cut(ranges: RangeColumns, first: number, last: number): IterableIterator<OwnedRange> {
  for (const { firstLba, lastLba, cNodeId } of rangesOf(ranges)) {
    if (lastLba < first || firstLba > last) continue;
    yield { firstLba: Math.max(firstLba, first), lastLba: Math.min(lastLba, last), cNodeId };
  }
}
