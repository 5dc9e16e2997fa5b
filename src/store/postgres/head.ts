/** The head's figures, and the floor of the history: one row, which every append locks. */

import type { Append } from "../revisions.ts";
import { type Bounds, isKept } from "../rows/history-bounds.ts";
import { historyBytes } from "../rows/history-bytes.ts";
import { HEAD, type Head } from "../rows/records.ts";
import type { Session } from "./session.ts";

const SELECT = `SELECT ${HEAD.columns.join(", ")} FROM cluster`;

export async function readHead(session: Session): Promise<Head> {
  return HEAD.fromRow((await session.row(SELECT))!);
}

/** The same, and nobody else appends or records deliveries before this transaction has ended. */
export async function lockHead(session: Session): Promise<Head> {
  return HEAD.fromRow((await session.row(`${SELECT} FOR UPDATE`))!);
}

/** Locks the head too, and counts one more write to the ledger. */
export async function lockLedger(
  session: Session,
): Promise<{ readonly generation: number; readonly version: number }> {
  const row = await session.row<[number, number]>(
    "UPDATE cluster SET ledger_version = ledger_version + 1 RETURNING generation, ledger_version",
  );
  const [generation, version] = row!;
  return { generation, version };
}

export async function readBounds(session: Session): Promise<Bounds> {
  const row = await session.row<[number, number, number]>(
    "SELECT floor_revision, revision, history_bytes FROM cluster",
  );
  const [floorRevision, revision, bytes] = row!;
  return { floorRevision, revision, historyBytes: bytes };
}

/** Whether a revision is neither below the floor nor beyond the head. */
export async function keeps(session: Session, revision: number): Promise<boolean> {
  return isKept(revision, await readBounds(session));
}

export async function raiseFloor(session: Session, floor: number): Promise<void> {
  await session.run(
    `UPDATE cluster SET floor_revision = $1, history_bytes = history_bytes - (
       SELECT coalesce(sum(history_bytes), 0)::int8 FROM revisions
       WHERE revision >= floor_revision AND revision < $1)
     WHERE floor_revision < $1`,
    [floor],
  );
}

/** To what the last of the entries, which follow the head, leaves. */
export async function advanceHead(session: Session, entries: readonly Append[]): Promise<void> {
  const last = entries.at(-1)!;
  const { distributedRevision, linkAssignmentsRevision, digest } = last;
  const generation = entries.findLast(({ changes }) => changes.generation !== undefined);
  await session.run(
    `UPDATE cluster SET generation = coalesce($1, generation), revision = $2,
       distributed_revision = $3, link_assignments_revision = $4, digest = $5,
       history_bytes = history_bytes + $6`,
    [
      ...[generation?.changes.generation, last.heading.revision, distributedRevision],
      ...[linkAssignmentsRevision, digest],
      entries.reduce((sum, { changes }) => sum + historyBytes(changes), 0),
    ],
  );
}
