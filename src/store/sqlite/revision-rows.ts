import type Database from "better-sqlite3";
import type { RevisionPage, RevisionRecord } from "../revisions.ts";
import type { SqlRow } from "../rows/columns.ts";
import type { RevisionBytes } from "../rows/history-bounds.ts";
import { historyBytes } from "../rows/history-bytes.ts";
import {
  FIGURES,
  FIRST_FIGURES,
  REVISIONS,
  type RevisionFigures,
} from "../rows/revision-columns.ts";
import type { PackedAppend } from "./protocol.ts";

const COLUMNS = REVISIONS.columns.join(", ");
const PLACES = REVISIONS.columns.map(() => "?").join(", ");

/** Every parameter has a value, which may be none. */
type AnyPage = { [Name in keyof Required<RevisionPage>]: RevisionPage[Name] | undefined };

/** The headings of the revisions. */
export class RevisionRows {
  readonly #add: Database.Statement;
  readonly #one: Database.Statement<[revision: number], SqlRow>;
  readonly #figures: Database.Statement<[revision: number], SqlRow>;
  readonly #page: Database.Statement<[AnyPage], SqlRow>;
  readonly #converge: Database.Statement<[at: number, revision: number]>;

  readonly #bytes: Database.Statement<[from: number], RevisionBytes>;
  readonly #prune: Database.Statement<{ floor: number; limit: number }>;

  constructor(database: Database.Database) {
    const select = `SELECT ${COLUMNS} FROM revisions`;
    this.#add = database.prepare(
      `INSERT INTO revisions (${COLUMNS}, generation, digest, history_bytes)
       VALUES (${PLACES}, coalesce(?, (SELECT generation FROM cluster)), ?, ?)`,
    );
    this.#figures = database
      .prepare<[number], SqlRow>(
        `SELECT ${FIGURES.columns.join(", ")} FROM revisions WHERE revision = ?`,
      )
      .raw(true);
    this.#one = database.prepare<[number], SqlRow>(`${select} WHERE revision = ?`).raw(true);
    // No index serves the filters: only headings are looked at, of which the history's limit
    // leaves some thousands, and an index would cost every revision something.
    this.#page = database
      .prepare<[AnyPage], SqlRow>(
        `${select} WHERE revision < coalesce(@before, ${Number.MAX_SAFE_INTEGER})
           AND revision >= (SELECT floor_revision FROM cluster)
           AND (@kind IS NULL OR kind = @kind) AND (@actor IS NULL OR actor = @actor)
           AND (@since IS NULL OR at >= @since) AND (@until IS NULL OR at < @until)
         ORDER BY revision DESC LIMIT @limit`,
      )
      .raw(true);
    this.#bytes = database.prepare(
      `SELECT revision, history_bytes AS bytes FROM revisions WHERE revision >= ?
       ORDER BY revision`,
    );
    // The distributed head as of the floor stays: it tells when what came after it was converged.
    this.#prune = database.prepare(
      `DELETE FROM revisions WHERE revision IN (
         SELECT revision FROM revisions WHERE revision < @floor AND revision <> (
           SELECT distributed_revision FROM revisions WHERE revision = @floor)
         LIMIT @limit)`,
    );
    this.#converge = database.prepare(
      `UPDATE revisions SET converged_at = ?
       WHERE converged_at IS NULL AND distributed_revision = revision AND revision <= ?`,
    );
  }

  add({ heading, distributedRevision, changes, digest }: PackedAppend): void {
    const row = REVISIONS.toRow({ ...heading, distributedRevision });
    this.#add.run(...row, changes.generation ?? null, digest, historyBytes(changes));
  }

  /** How much revisions take, oldest first. */
  bytesFrom(revision: number): IterableIterator<RevisionBytes> {
    return this.#bytes.iterate(revision);
  }

  /** Deletes headings below the floor; tells how many. */
  prune(floor: number, limit: number): number {
    return this.#prune.run({ floor, limit }).changes;
  }

  figuresAt(revision: number): RevisionFigures | undefined {
    if (revision === 0) return FIRST_FIGURES;
    const row = this.#figures.get(revision);
    return row && FIGURES.fromRow(row);
  }

  /** Marks the distributed revisions up to one that aren't marked yet. */
  converge({ revision, at }: { readonly revision: number; readonly at: number }): void {
    this.#converge.run(at, revision);
  }

  one(revision: number): RevisionRecord | undefined {
    const row = this.#one.get(revision);
    return row && REVISIONS.fromRow(row);
  }

  page({ before, kind, actor, since, until, limit }: RevisionPage): RevisionRecord[] {
    return this.#page.all({ before, kind, actor, since, until, limit }).map(REVISIONS.fromRow);
  }
}
