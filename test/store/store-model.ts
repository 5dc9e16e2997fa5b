/** What a store is expected to hold, in memory and in forms that can be compared. */

import type { Changes } from "../../src/core/changes.ts";
import { changesBetween, countChanges, sealRevision } from "../../src/core/changes.ts";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { DistributedChanges } from "../../src/core/distributed-changes.ts";
import { lossesBetween } from "../../src/core/losses.ts";
import type { OwnedRange } from "../../src/core/model.ts";
import { type RangeColumns, rangeCount, rangesOf } from "../../src/core/ranges.ts";
import type { RebalanceToStore } from "../../src/store/rebalances.ts";
import type { Append } from "../../src/store/revisions.ts";
import type { Store } from "../../src/store/store.ts";

/** A decision as the service hands it to the store, and the state after it. */
export function decisionOf(
  before: ClusterState,
  draft: ClusterState,
  rebalance?: RebalanceToStore,
): { readonly entry: Append; readonly after: ClusterState } {
  const changes = changesBetween(before, draft);
  const after = sealRevision(before, draft, changes);
  const { revision, digest, distributedRevision, linkAssignmentsRevision } = after;
  const heading = {
    revision,
    at: 1_700_000_000_000 + revision,
    actor: "test",
    reason: revision % 2 === 0 ? `reason of ${revision}` : undefined,
    kind: "test-change",
    changed: countChanges(changes),
  };
  const entry: Append = {
    heading,
    changes,
    digest,
    distributedRevision,
    linkAssignmentsRevision,
    losses: lossesBetween(before, after),
    rebalance,
  };
  return { entry, after };
}

/** Two states are the same when these are equal. */
export function plainState(state: ClusterState) {
  const { volumes, index, digest, storageServers, credentials, processes, links } = state;
  const { clusterId, generation, revision, distributedRevision, linkAssignmentsRevision } = state;
  const { settings, linkAssignments, lostRevisions } = state;
  return {
    head: { clusterId, generation, revision, distributedRevision, linkAssignmentsRevision },
    digest: formatDigest(digest),
    settings,
    lostRevisions: [...lostRevisions.entries()],
    storageServers: [...storageServers.values()],
    credentials: [...credentials.keys()].map((id) => [id, credentials.get(id)]),
    processes: [...processes.values()],
    links: [...links.values()],
    linkAssignments: [...linkAssignments.values()],
    volumes: [...volumes.values()].map(({ map, ...record }) => [record, [...map.ranges()]]),
    index: Object.values(index).map((map) => [...map.keys()].map((key) => [key, map.get(key)])),
  };
}

/** The tables of a state, as a store tells those of an older revision. */
export function plainTables(state: ClusterState) {
  const { revision, generation, distributedRevision, digest } = state;
  return {
    figures: { revision, generation, distributedRevision, digest: formatDigest(digest) },
    processes: [...state.processes.values()],
    linkAssignments: [...state.linkAssignments.values()],
    volumes: [...state.volumes.values()].map(({ map: _, ...record }) => record),
    ranges: [...state.volumes.values()].map(({ map }) => [...map.ranges()]),
  };
}

/** The same, read from a store in pages; nothing where the revision can't be read. */
export async function readPlainTables(store: Store, revision: number, pageRows = 3) {
  const tables = await store.tablesAt(revision);
  if (!tables) return undefined;
  const { generation, distributedRevision, digest, processes, linkAssignments, volumes } = tables;
  const ranges: OwnedRange[][] = [];
  for (const { id: volumeId } of volumes) {
    const rows: OwnedRange[] = [];
    for (let size = pageRows; size === pageRows; ) {
      const page = { volumeId, after: rows.at(-1)?.firstLba, limit: pageRows };
      const found = (await store.rangesAt(revision, page))!;
      rows.push(...rangesOf(found));
      size = rangeCount(found);
    }
    ranges.push(rows);
  }
  return {
    figures: { revision, generation, distributedRevision, digest: formatDigest(digest) },
    ...{ processes, linkAssignments, volumes, ranges },
  };
}

/** Changes as a revision tells them: without credentials, rows written out. */
export function plainChanges({ maps, ...changes }: Omit<Changes, "credentials">) {
  const { storageServers, processes, links, volumes, linkAssignments, settings } = changes;
  return {
    ...{ storageServers, processes, links, volumes, linkAssignments, settings },
    maps: maps.map(({ volumeId, removed, added }) => ({
      volumeId,
      removed: plainRanges(removed),
      added: plainRanges(added),
    })),
  };
}

const plainRanges = (columns: RangeColumns) => [...rangesOf(columns)];

/** The distributed part of a state, with the owner of each address. */
export function distributedView(state: ClusterState) {
  return {
    volumes: new Map(
      [...state.volumes.values()].map(({ map: _, ...volume }) => [volume.id, volume]),
    ),
    processes: new Map([...state.processes.values()].map((process) => [process.id, process])),
    linkAssignments: new Map([...state.linkAssignments.values()].map((row) => [row.linkId, row])),
    owners: new Map([...state.volumes.values()].map(({ id, map }) => [id, ownersIn(map.ranges())])),
  };
}

type DistributedView = ReturnType<typeof distributedView>;

function ownersIn(ranges: Iterable<{ firstLba: number; lastLba: number; cNodeId: string }>) {
  const owners: string[] = [];
  for (const { firstLba, lastLba, cNodeId } of ranges) {
    for (let lba = firstLba; lba <= lastLba; lba++) owners[lba] = cNodeId;
  }
  return owners;
}

/** What a receiver makes of the view at `fromRevision`; fails where a `before` isn't in it. */
export function withChanges(view: DistributedView, changes: DistributedChanges): DistributedView {
  const owners = new Map([...view.owners].map(([id, list]) => [id, [...list]]));
  for (const { key, before, after } of changes.volumes) {
    if (before?.createdRevision !== after?.createdRevision) owners.delete(key);
    if (after && !owners.has(key)) owners.set(key, []);
  }
  for (const { volumeId, ranges } of changes.a2c) {
    const list = owners.get(volumeId)!;
    ownersIn(rangesOf(ranges)).forEach((owner, lba) => {
      list[lba] = owner;
    });
  }
  return {
    volumes: withDifferences(view.volumes, changes.volumes),
    processes: withDifferences(view.processes, changes.processes),
    linkAssignments: withDifferences(view.linkAssignments, changes.linkAssignments),
    owners,
  };
}

function withDifferences<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  differences: readonly { key: Key; before?: Value | undefined; after?: Value | undefined }[],
): Map<Key, Value> {
  const result = new Map(map);
  for (const { key, before, after } of differences) {
    if ((before === undefined) === map.has(key)) throw new Error(`wrong before of ${key}`);
    if (after === undefined) result.delete(key);
    else result.set(key, after);
  }
  return result;
}
