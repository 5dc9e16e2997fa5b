/** The cluster at the head, between two revisions and in one revision. */
import type { DistributedChanges } from "../../core/distributed-changes.ts";
import { invariant } from "../../core/errors.ts";
import type { News } from "../../core/news.ts";
import type { StateRecords } from "../../core/stored-state.ts";
import type { RevisionDetails } from "../revisions.ts";
import { noRanges } from "../rows/a2c-columns.ts";
import {
  LINK_ASSIGNMENTS,
  LINKS,
  PROCESSES,
  STORAGE_SERVERS,
  VOLUMES,
} from "../rows/versioned-tables.ts";
import { liveRanges, mapChangesOf, rangesOpened } from "./a2c.ts";
import { allCredentials } from "./credentials.ts";
import { keeps, readBounds, readHead } from "./head.ts";
import { lastLosses } from "./losses.ts";
import { headingsOf } from "./revisions.ts";
import type { Session } from "./session.ts";
import { liveSettings, settingsOf } from "./settings.ts";
import { differencesOf, liveRecords, type Span } from "./versioned.ts";

export async function headRecords(session: Session): Promise<StateRecords> {
  const ranges = await liveRanges(session);
  const volumes = await liveRecords(session, VOLUMES);
  return {
    ...(await readHead(session)),
    settings: await liveSettings(session),
    storageServers: await liveRecords(session, STORAGE_SERVERS),
    credentials: await allCredentials(session),
    processes: await liveRecords(session, PROCESSES),
    links: await liveRecords(session, LINKS),
    linkAssignments: await liveRecords(session, LINK_ASSIGNMENTS),
    volumes: volumes.map((record) => ({
      record,
      ranges: ranges.get(record.id) ?? noRanges(),
    })),
    lostRevisions: await lastLosses(session),
  };
}

export async function newsSince(session: Session, since: number): Promise<News | undefined> {
  if (!(await keeps(session, since))) return undefined;
  const { clusterId: _, ...head } = await readHead(session);
  const span = { from: since, to: head.revision };
  return {
    ...(await distributedSpan(session, span)),
    head,
    settings: await liveSettings(session),
    storageServers: await differencesOf(session, STORAGE_SERVERS, span),
    links: await differencesOf(session, LINKS, span),
    credentials: await allCredentials(session),
    lostRevisions: await lastLosses(session),
  };
}

export async function differencesBetween(
  session: Session,
  from: number,
  to: number,
): Promise<DistributedChanges | undefined> {
  const { floorRevision, revision: head } = await readBounds(session);
  invariant(from < to && to <= head, `${from} is before ${to}, which isn't after the head ${head}`);
  return from < floorRevision ? undefined : distributedSpan(session, { from, to });
}

async function distributedSpan(session: Session, span: Span): Promise<DistributedChanges> {
  const ranges = await rangesOpened(session, span);
  return {
    fromRevision: span.from,
    toRevision: span.to,
    volumes: await differencesOf(session, VOLUMES, span),
    processes: await differencesOf(session, PROCESSES, span),
    linkAssignments: await differencesOf(session, LINK_ASSIGNMENTS, span),
    a2c: [...ranges].map(([volumeId, rows]) => ({ volumeId, ranges: rows })),
  };
}

export async function revisionDetails(
  session: Session,
  revision: number,
): Promise<RevisionDetails | undefined> {
  const [record] = (await keeps(session, revision)) ? await headingsOf(session, [revision]) : [];
  if (!record) return undefined;
  const span = { from: revision - 1, to: revision };
  const volumes = await differencesOf(session, VOLUMES, span);
  const changedVolumes = volumes.map(({ key }) => key);
  return {
    ...record,
    changes: {
      storageServers: await differencesOf(session, STORAGE_SERVERS, span),
      processes: await differencesOf(session, PROCESSES, span),
      links: await differencesOf(session, LINKS, span),
      volumes,
      linkAssignments: await differencesOf(session, LINK_ASSIGNMENTS, span),
      maps: await mapChangesOf(session, revision, changedVolumes),
      settings: await settingsOf(session, revision),
    },
  };
}
