/** The cluster at the head, between two revisions and in one revision. */
import type { DistributedChanges } from "../../core/distributed-changes.ts";
import { invariant } from "../../core/errors.ts";
import type { News } from "../../core/news.ts";
import type { StateRecords } from "../../core/stored-state.ts";
import type { RevisionDetails } from "../revisions.ts";
import { noRanges } from "../rows/a2c-columns.ts";
import type { Tables } from "./tables.ts";

export function headRecords(tables: Tables): StateRecords {
  const ranges = tables.a2c.live();
  return {
    ...tables.cluster.read(),
    settings: tables.settings.live(),
    storageServers: tables.storageServers.live(),
    credentials: tables.credentials.all(),
    processes: tables.processes.live(),
    links: tables.links.live(),
    linkAssignments: tables.linkAssignments.live(),
    volumes: tables.volumes
      .live()
      .map((record) => ({ record, ranges: ranges.get(record.id) ?? noRanges() })),
    lostRevisions: tables.losses.last(),
  };
}

export function newsSince(tables: Tables, since: number): News | undefined {
  if (!tables.cluster.keeps(since)) return undefined;
  const { clusterId: _, ...head } = tables.cluster.read();
  return {
    ...distributedSpan(tables, since, head.revision),
    head,
    settings: tables.settings.live(),
    storageServers: tables.storageServers.differencesBetween(since, head.revision),
    links: tables.links.differencesBetween(since, head.revision),
    credentials: tables.credentials.all(),
    lostRevisions: tables.losses.last(),
  };
}

export function differencesBetween(
  tables: Tables,
  from: number,
  to: number,
): DistributedChanges | undefined {
  const { floorRevision, revision: head } = tables.cluster.bounds();
  invariant(from < to && to <= head, `${from} is before ${to}, which isn't after the head ${head}`);
  return from < floorRevision ? undefined : distributedSpan(tables, from, to);
}

function distributedSpan(tables: Tables, from: number, to: number): DistributedChanges {
  return {
    fromRevision: from,
    toRevision: to,
    volumes: tables.volumes.differencesBetween(from, to),
    processes: tables.processes.differencesBetween(from, to),
    linkAssignments: tables.linkAssignments.differencesBetween(from, to),
    a2c: [...tables.a2c.openedBetween(from, to)].map(([volumeId, ranges]) => ({
      volumeId,
      ranges,
    })),
  };
}

export function revisionDetails(tables: Tables, revision: number): RevisionDetails | undefined {
  const record = tables.cluster.keeps(revision) && tables.revisions.one(revision);
  if (!record) return undefined;
  const before = revision - 1;
  const volumes = tables.volumes.differencesBetween(before, revision);
  return {
    ...record,
    changes: {
      storageServers: tables.storageServers.differencesBetween(before, revision),
      processes: tables.processes.differencesBetween(before, revision),
      links: tables.links.differencesBetween(before, revision),
      volumes,
      linkAssignments: tables.linkAssignments.differencesBetween(before, revision),
      maps: tables.a2c.changesOf(
        revision,
        volumes.map(({ key }) => key),
      ),
      settings: tables.settings.changedBy(revision),
    },
  };
}
