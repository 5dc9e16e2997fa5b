/** Which revisions can be read, and where the history is to be cut. */
import { CALLS_ANSWERED_MS } from "../calls.ts";
import type { HistoryLimits } from "../revisions.ts";

export interface Bounds {
  readonly floorRevision: number;
  /** The head. */
  readonly revision: number;
  /** About how much the revisions from the floor on take. */
  readonly historyBytes: number;
}

export interface RevisionBytes {
  readonly revision: number;
  readonly bytes: number;
}

/** When a limit is passed the history is cut to so much of it, so that one cut serves for long. */
const KEPT_SHARE = 0.9;
/** Calls are kept twice as long as they are answered again. */
export const CALLS_KEPT_MS = 2 * CALLS_ANSWERED_MS;

/** Whether a revision is neither below the floor nor beyond the head. */
export function isKept(revision: number, bounds: Bounds): boolean {
  return bounds.floorRevision <= revision && revision <= bounds.revision;
}

/** Where the floor is to be, as far as the number of revisions goes. */
export function floorByCount({ floorRevision, revision: head }: Bounds, revisionsMax: number) {
  if (head - floorRevision + 1 <= revisionsMax) return floorRevision;
  return head + 1 - Math.max(1, Math.floor(revisionsMax * KEPT_SHARE));
}

/**
 * Where the floor is to be when the history is larger than it may be; the head itself always
 * stays. `revisions` are those from the present floor on, oldest first.
 */
export function floorBySize(
  bounds: Bounds,
  { revisionsMax, bytesMax }: HistoryLimits,
  revisions: Iterable<RevisionBytes>,
): number {
  const due = floorByCount(bounds, revisionsMax);
  let kept = bounds.historyBytes;
  for (const { revision, bytes } of revisions) {
    if (revision >= due && kept <= bytesMax * KEPT_SHARE) return revision;
    kept -= bytes;
  }
  return bounds.revision;
}
