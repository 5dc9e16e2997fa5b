import type Database from "better-sqlite3";
import type { SqlRow } from "../rows/columns.ts";
import { type Bounds, isKept } from "../rows/history-bounds.ts";
import { historyBytes } from "../rows/history-bytes.ts";
import { HEAD, type Head } from "../rows/records.ts";
import type { PackedAppend } from "./protocol.ts";

/** The head's figures, and the floor of the history. */
export class ClusterRow {
  readonly #read: Database.Statement<[], SqlRow>;
  readonly #bounds: Database.Statement<[], Bounds>;
  readonly #raiseFloor: Database.Statement<{ floor: number }>;
  readonly #advance: Database.Statement;

  constructor(database: Database.Database) {
    this.#read = database
      .prepare<[], SqlRow>(`SELECT ${HEAD.columns.join(", ")} FROM cluster`)
      .raw(true);
    this.#bounds = database.prepare(
      `SELECT floor_revision AS floorRevision, revision, history_bytes AS historyBytes
       FROM cluster`,
    );
    this.#raiseFloor = database.prepare(
      `UPDATE cluster SET floor_revision = @floor, history_bytes = history_bytes - (
         SELECT coalesce(sum(history_bytes), 0) FROM revisions
         WHERE revision >= floor_revision AND revision < @floor)`,
    );
    this.#advance = database.prepare(
      `UPDATE cluster SET generation = coalesce(?, generation), revision = ?,
         distributed_revision = ?, link_assignments_revision = ?, digest = ?,
         history_bytes = history_bytes + ?`,
    );
  }

  read(): Head {
    return HEAD.fromRow(this.#read.get()!);
  }

  bounds(): Bounds {
    return this.#bounds.get()!;
  }

  /** Whether a revision is neither below the floor nor beyond the head. */
  keeps(revision: number): boolean {
    return isKept(revision, this.bounds());
  }

  raiseFloor(floor: number): void {
    this.#raiseFloor.run({ floor });
  }

  advance(entry: PackedAppend): void {
    const { distributedRevision, linkAssignmentsRevision, digest } = entry;
    const { generation = null } = entry.changes;
    const bytes = historyBytes(entry.changes);
    const figures = [distributedRevision, linkAssignmentsRevision, digest, bytes];
    this.#advance.run(generation, entry.heading.revision, ...figures);
  }
}
