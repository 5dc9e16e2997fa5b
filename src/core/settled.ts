/**
 * Up to where addresses that moved may be served by those who gained them: never two owners
 * (distribution, hand-over).
 */

import type { Position } from "./delivery-record.ts";
import type { StorageServer } from "./model.ts";

/** How one storage server stands to the addresses that it lost. */
export interface Standing {
  /** Revisions of this generation in which it lost addresses, ascending. */
  readonly losses: readonly number[];
  /** What it has acknowledged in this generation, durably; absent: nothing. */
  readonly acknowledged: number | undefined;
  /** An operator has cut it off, and it has not been heard of since: it serves nothing. */
  readonly cutOff: boolean;
}

/** The first revision that took addresses from the server and that it may not have yet. */
export function firstUnsettled({ losses, acknowledged, cutOff }: Standing): number | undefined {
  if (cutOff) return undefined;
  if (acknowledged === undefined) return losses[0];
  return losses.find((revision) => revision > acknowledged);
}

/**
 * The highest revision r ≤ `headRevision` such that every server which lost addresses in any
 * revision up to r has acknowledged at least that revision. To be told only with the head of the
 * moment at which it was computed.
 */
export function settledRevisionOf(standings: Iterable<Standing>, headRevision: number): number {
  let settled = headRevision;
  for (const standing of standings) {
    const first = firstUnsettled(standing);
    if (first !== undefined) settled = Math.min(settled, first - 1);
  }
  return Math.max(0, settled);
}

/** Whether a fence is in force; `acked` is what is known of the present registration. */
export function isCutOff(
  { fencedRevision, registeredRevision }: StorageServer,
  acked: Position | undefined,
): boolean {
  return fencedRevision === registeredRevision && acked === undefined;
}
