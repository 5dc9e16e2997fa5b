/** How long revisions take until every storage server has them. */

/** What is known of a revision; times are milliseconds since 1970. */
export interface RevisionTimes {
  readonly revision: number;
  readonly at: number;
  /** The distributed head as of this revision. */
  readonly distributedRevision: number;
  readonly convergedAt?: number | undefined;
}

export interface Convergence {
  /** How many revisions the figures are of. */
  readonly revisions: number;
  /** Half of them took no longer than this; absent where there are none. */
  readonly p50Ms?: number | undefined;
  /** 99 of 100 took no longer than this. */
  readonly p99Ms?: number | undefined;
  /** How many are on their way still: they are not in the figures. */
  readonly pending: number;
  /** When the oldest of those was made. */
  readonly pendingSince?: number | undefined;
}

/**
 * Of the revisions that changed the distributed state; the others reach nobody. Where there are
 * no storage servers, nothing is on its way.
 */
export function convergenceOf(
  revisions: readonly RevisionTimes[],
  storageServerCount: number,
): Convergence {
  const durations: number[] = [];
  let [pending, pendingSince] = [0, Number.POSITIVE_INFINITY];
  for (const { revision, at, distributedRevision, convergedAt } of revisions) {
    if (distributedRevision !== revision) continue;
    // A clock that was put back makes nothing take less than no time.
    if (convergedAt !== undefined) durations.push(Math.max(0, convergedAt - at));
    else if (storageServerCount > 0)
      [pending, pendingSince] = [pending + 1, Math.min(pendingSince, at)];
  }
  durations.sort((one, other) => one - other);
  return {
    revisions: durations.length,
    p50Ms: percentile(durations, 50),
    p99Ms: percentile(durations, 99),
    pending,
    pendingSince: pending > 0 ? pendingSince : undefined,
  };
}

/** The nearest rank: a value that did occur. */
function percentile(ascending: readonly number[], percent: number): number | undefined {
  return ascending[Math.ceil((percent / 100) * ascending.length) - 1];
}
