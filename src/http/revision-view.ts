/** How a revision is shown, alone in a list or with everything that it changed. */
import type { z } from "zod";
import type { Changes } from "../core/changes.ts";
import { rangesOf } from "../core/ranges.ts";
import type { Difference } from "../core/sorted-map.ts";
import type { RevisionDetails, RevisionRecord } from "../store/revisions.ts";
import { listText } from "./json-text.ts";
import type { revisionSummary } from "./schemas/tables.ts";
import {
  formatTime,
  processRecordView,
  settingsView,
  storageServerRecordView,
  volumeRecordView,
  withoutRevision,
} from "./views.ts";

export function revisionView(record: RevisionRecord): z.output<typeof revisionSummary> {
  const { revision, at, actor, reason, kind, changed } = record;
  return { revision, at: formatTime(at), actor, reason, kind, changed, ...convergence(record) };
}

export function convergence({ convergedAt }: Pick<RevisionRecord, "convergedAt">): {
  convergedAt?: string;
} {
  return convergedAt === undefined ? {} : { convergedAt: formatTime(convergedAt) };
}

/** `schemas.revisionDetails` as text, a piece at a time: there may be millions of rows in it. */
export function* detailsText(record: RevisionDetails): IterableIterator<string> {
  const { settings, maps } = record.changes;
  yield `${JSON.stringify(revisionView(record)).slice(0, -1)},"changes":{`;
  for (const [name, items] of recordLists(record.changes)) {
    yield `"${name}":`;
    yield* listText(items);
    yield ",";
  }
  if (settings) yield `"settings":${JSON.stringify(settingsView(settings))},`;
  yield '"a2c":[';
  let separator = "";
  for (const { volumeId, removed, added } of maps) {
    yield `${separator}{"volumeId":${JSON.stringify(volumeId)},"removed":`;
    yield* listText(rangesOf(removed));
    yield ',"added":';
    yield* listText(rangesOf(added));
    yield "}";
    separator = ",";
  }
  yield "]}}";
}

function* recordLists(
  changes: RevisionDetails["changes"],
): IterableIterator<readonly [keyof Changes, Iterable<unknown>]> {
  const { storageServers, processes, links, volumes, linkAssignments } = changes;
  yield ["storageServers", inView(storageServers, storageServerRecordView)];
  yield ["processes", inView(processes, processRecordView)];
  yield ["links", inView(links, withoutRevision)];
  yield ["volumes", inView(volumes, volumeRecordView)];
  yield ["linkAssignments", inView(linkAssignments, withoutRevision)];
}

/** Both sides of each change as the resource itself is shown. */
function* inView<T>(
  differences: readonly Difference<string, T>[],
  view: (record: T) => unknown,
): IterableIterator<unknown> {
  for (const { key, before, after } of differences) {
    yield { id: key, before: before && view(before), after: after && view(after) };
  }
}
