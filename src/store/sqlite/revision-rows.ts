import type Database from "better-sqlite3";
import type { RevisionRecord } from "../store.ts";
import { rowCodec, type SqlRow } from "./columns.ts";
import type { PackedAppend } from "./protocol.ts";

type FlatRevision = Omit<RevisionRecord, "changed"> & RevisionRecord["changed"];

const CODEC = rowCodec<FlatRevision>({
  revision: "revision",
  at: "at",
  actor: "actor",
  reason: "reason",
  kind: "kind",
  a2cEntries: "a2c_entries",
  linkAssignments: "link_assignments",
  movedAddresses: "moved_addresses",
  distributedRevision: "distributed_revision",
  convergedAt: "converged_at",
});
const COLUMNS = CODEC.columns.join(", ");
const PLACES = CODEC.columns.map(() => "?").join(", ");

/** The headings of the revisions. */
export class RevisionRows {
  readonly #add: Database.Statement;
  readonly #one: Database.Statement<[revision: number], SqlRow>;
  readonly #page: Database.Statement<[before: number, limit: number], SqlRow>;
  readonly #converge: Database.Statement<[at: number, revision: number]>;

  constructor(database: Database.Database) {
    const select = `SELECT ${COLUMNS} FROM revisions`;
    this.#add = database.prepare(`INSERT INTO revisions (${COLUMNS}) VALUES (${PLACES})`);
    this.#one = database.prepare<[number], SqlRow>(`${select} WHERE revision = ?`).raw(true);
    this.#page = database
      .prepare<[number, number], SqlRow>(
        `${select} WHERE revision < ? ORDER BY revision DESC LIMIT ?`,
      )
      .raw(true);
    this.#converge = database.prepare(
      `UPDATE revisions SET converged_at = ?
       WHERE converged_at IS NULL AND distributed_revision = revision AND revision <= ?`,
    );
  }

  add({ heading: { changed, ...heading }, distributedRevision }: PackedAppend): void {
    this.#add.run(...CODEC.toRow({ ...heading, ...changed, distributedRevision }));
  }

  /** Marks the distributed revisions up to one that aren't marked yet. */
  converge({ revision, at }: { readonly revision: number; readonly at: number }): void {
    this.#converge.run(at, revision);
  }

  one(revision: number): RevisionRecord | undefined {
    const row = this.#one.get(revision);
    return row && recordOf(row);
  }

  page({ before, limit }: { before?: number; limit: number }): RevisionRecord[] {
    return this.#page.all(before ?? Number.MAX_SAFE_INTEGER, limit).map(recordOf);
  }
}

function recordOf(row: SqlRow): RevisionRecord {
  const { a2cEntries, linkAssignments, movedAddresses, ...rest } = CODEC.fromRow(row);
  return { ...rest, changed: { a2cEntries, linkAssignments, movedAddresses } };
}
