/**
 * The rows of the distributed state that a change takes out or puts in, and what they do to the
 * digest. A row that stays is not among them.
 */
import type { Changes, MapChange } from "./changes.ts";
import {
  a2cRow,
  combined,
  type Digest,
  DigestAccumulator,
  digestOf,
  linkRow,
  nodeRow,
  volumeRow,
} from "./digest.ts";
import type { VolumeId } from "./model.ts";
import { type RangeColumns, rangeAt, rangeCount } from "./ranges.ts";
import type { Difference } from "./sorted-map.ts";
import { finish, Pace, type Steps } from "./steps.ts";

/** Rows of the A2C table, of one volume. */
export interface MapRows {
  readonly volumeId: VolumeId;
  readonly ranges: RangeColumns;
}

/** Rows that are hashed in one step, a few milliseconds' worth. */
const ROWS_PER_STEP = 2048;

/** Of all that left or came. */
export function digestOfChanges(
  changes: Pick<Changes, "volumes" | "processes" | "linkAssignments" | "maps">,
): Digest {
  return combined(digestOf(changedRecords(changes)), finish(digestOfMaps(changes.maps)));
}

/** Of those of the A2C table. */
export function digestOfMaps(maps: readonly MapChange[]): Steps<Digest> {
  return digestOfRows(maps.flatMap(rowsOf));
}

export function* digestOfRows(rows: readonly MapRows[]): Steps<Digest> {
  const digest = new DigestAccumulator();
  const pace = new Pace(ROWS_PER_STEP);
  for (const { volumeId, ranges } of rows) {
    for (let i = 0; i < rangeCount(ranges); i++) {
      // Fields by name, because a spread takes a quarter longer.
      const { firstLba, lastLba, cNodeId } = rangeAt(ranges, i);
      digest.toggle(a2cRow({ volumeId, firstLba, lastLba, cNodeId }));
      if (pace.isTimeForPause()) yield;
    }
  }
  return digest.digest();
}

export function rowsOf({ volumeId, removed, added }: MapChange): MapRows[] {
  return [
    { volumeId, ranges: removed },
    { volumeId, ranges: added },
  ];
}

export function rowCount({ removed, added }: MapChange): number {
  return rangeCount(removed) + rangeCount(added);
}

/** The rows of all other tables. */
export function changedRecords(
  changes: Pick<Changes, "volumes" | "processes" | "linkAssignments">,
): string[] {
  return [
    ...changedOf(changes.volumes, volumeRow),
    ...changedOf(changes.processes, nodeRow),
    ...changedOf(changes.linkAssignments, linkRow),
  ];
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
