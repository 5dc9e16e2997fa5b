/** The headings of the revisions. */

import type { Append, RevisionPage, RevisionRecord } from "../revisions.ts";
import type { RevisionBytes } from "../rows/history-bounds.ts";
import { historyBytes } from "../rows/history-bytes.ts";
import {
  FIGURES,
  FIRST_FIGURES,
  REVISIONS,
  type RevisionFigures,
} from "../rows/revision-columns.ts";
import type { Session } from "./session.ts";

const SELECT = `SELECT ${REVISIONS.columns.join(", ")} FROM revisions`;
const COLUMNS = [...REVISIONS.columns, "generation", "digest", "history_bytes", "append_id"];

export async function addRevisions(
  session: Session,
  entries: readonly Append[],
  { appendId, generation: first }: { appendId: string; generation: number },
): Promise<void> {
  let generation = first;
  const rows = entries.map(({ heading, distributedRevision, changes, digest }) => {
    generation = changes.generation ?? generation;
    const row = REVISIONS.toRow({ ...heading, distributedRevision });
    return [...row, generation, digest, historyBytes(changes), appendId];
  });
  await session.insert({ table: "revisions", columns: COLUMNS }, rows);
}

/** Which append wrote a revision. */
export async function appendIdOf(session: Session, revision: number): Promise<string | undefined> {
  const text = "SELECT append_id FROM revisions WHERE revision = $1";
  return (await session.row<[string]>(text, [revision]))?.[0];
}

/** Those of `revisions` that are kept, in their order. */
export async function headingsOf(
  session: Session,
  revisions: readonly number[],
): Promise<RevisionRecord[]> {
  const rows = await session.rows(`${SELECT} WHERE revision = ANY($1::int8[])`, [revisions]);
  const found = new Map(rows.map(REVISIONS.fromRow).map((record) => [record.revision, record]));
  return revisions.flatMap((revision) => found.get(revision) ?? []);
}

export async function pageOfRevisions(
  session: Session,
  { before, kind, actor, since, until, limit }: RevisionPage,
): Promise<RevisionRecord[]> {
  // No index serves the filters: only headings are looked at, which the history's limit bounds.
  const rows = await session.rows(
    `${SELECT} WHERE revision < $1 AND revision >= (SELECT floor_revision FROM cluster)
       AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR actor = $3)
       AND ($4::int8 IS NULL OR at >= $4) AND ($5::int8 IS NULL OR at < $5)
     ORDER BY revision DESC LIMIT $6`,
    [before ?? Number.MAX_SAFE_INTEGER, kind, actor, since, until, limit],
  );
  return rows.map(REVISIONS.fromRow);
}

export async function figuresAt(
  session: Session,
  revision: number,
): Promise<RevisionFigures | undefined> {
  if (revision === 0) return FIRST_FIGURES;
  const columns = FIGURES.columns.join(", ");
  const row = await session.row(`SELECT ${columns} FROM revisions WHERE revision = $1`, [revision]);
  return row && FIGURES.fromRow(row);
}

/** Marks the distributed revisions up to one that aren't marked yet. */
export async function converge(
  session: Session,
  { revision, at }: { readonly revision: number; readonly at: number },
): Promise<void> {
  await session.run(
    `UPDATE revisions SET converged_at = $1
     WHERE converged_at IS NULL AND distributed_revision = revision AND revision <= $2`,
    [at, revision],
  );
}

/** How much the revisions from one on take, oldest first. */
export async function bytesFrom(session: Session, from: number): Promise<RevisionBytes[]> {
  const rows = await session.rows<[number, number]>(
    "SELECT revision, history_bytes FROM revisions WHERE revision >= $1 ORDER BY revision",
    [from],
  );
  return rows.map(([revision, bytes]) => ({ revision, bytes }));
}

/**
 * Deletes headings below the floor; tells how many. The distributed head as of the floor stays: it
 * tells when what came after it was converged.
 */
export function pruneRevisions(session: Session, floor: number, limit: number): Promise<number> {
  return session.run(
    `DELETE FROM revisions WHERE revision IN (
       SELECT revision FROM revisions WHERE revision < $1 AND revision <> (
         SELECT distributed_revision FROM revisions WHERE revision = $1)
       ORDER BY revision LIMIT $2)`,
    [floor, limit],
  );
}
