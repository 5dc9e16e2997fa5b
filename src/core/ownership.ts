/** Who owned an address when, from the rows of the A2C table that held it. */
import type { OwnedRange, ProcessId } from "./model.ts";

/** A row that held the address, for as long as it stood. */
export interface Ownership extends OwnedRange {
  /** The process that hosted the C-node. */
  readonly processId?: ProcessId | undefined;
  readonly fromRevision: number;
  /** Absent: it stands. */
  readonly toRevision?: number | undefined;
}

/**
 * `rows`, newest first, put after `known`, each C-node's time once: a row is also replaced when
 * only its ends change, and then the address has not moved. What is told of such a time is the
 * row with which the address came.
 */
export function joinOwnerships(
  known: readonly Ownership[],
  rows: readonly Ownership[],
): Ownership[] {
  const joined = [...known];
  for (const row of rows) {
    const later = joined.at(-1);
    if (later?.cNodeId !== row.cNodeId) joined.push(row);
    else joined[joined.length - 1] = { ...row, toRevision: later.toRevision };
  }
  return joined;
}
