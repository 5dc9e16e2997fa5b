import type Database from "better-sqlite3";
import { invariant } from "../../core/errors.ts";
import type { Difference } from "../../core/sorted-map.ts";
import type { SqlRow } from "../rows/columns.ts";
import { joinVersions } from "../rows/joined.ts";
import type { VersionedTable } from "../rows/versioned-tables.ts";

/** The records of one table with `from_revision` and `to_revision`. */
export class VersionedRows<Key extends string, Fields> {
  readonly #table: VersionedTable<Key, Fields>;
  readonly #open: Database.Statement;
  readonly #close: Database.Statement;
  readonly #live: Database.Statement<[], SqlRow>;
  readonly #at: Database.Statement<{ revision: number }, SqlRow>;
  readonly #before: Database.Statement<[number, number, number], SqlRow>;
  readonly #after: Database.Statement<[number, number, number], SqlRow>;

  readonly #prune: Database.Statement<[floor: number, limit: number]>;

  constructor(database: Database.Database, table: VersionedTable<Key, Fields>) {
    const { name, keyColumn, codec } = table;
    const columns = codec.columns.join(", ");
    const places = codec.columns.map(() => "?").join(", ");
    this.#table = table;
    this.#open = database.prepare(
      `INSERT INTO ${name} (${columns}, from_revision) VALUES (${places}, ?)`,
    );
    this.#close = database.prepare(
      `UPDATE ${name} SET to_revision = ? WHERE ${keyColumn} = ? AND to_revision IS NULL`,
    );
    this.#live = database
      .prepare<[], SqlRow>(
        `SELECT ${columns} FROM ${name} WHERE to_revision IS NULL ORDER BY ${keyColumn}`,
      )
      .raw(true);
    this.#prune = database.prepare(
      `DELETE FROM ${name} WHERE rowid IN (
         SELECT rowid FROM ${name} WHERE to_revision < ? LIMIT ?)`,
    );
    // Two reads, since one would look at every row that there ever was.
    this.#at = database
      .prepare<{ revision: number }, SqlRow>(
        `SELECT ${columns} FROM ${name}
         WHERE to_revision IS NULL AND from_revision <= @revision
         UNION ALL
         SELECT ${columns} FROM ${name}
         WHERE to_revision > @revision AND from_revision <= @revision
         ORDER BY ${keyColumn}`,
      )
      .raw(true);
    this.#before = database
      .prepare<[number, number, number], SqlRow>(
        `SELECT ${columns} FROM ${name}
         WHERE to_revision > ? AND to_revision <= ? AND from_revision <= ?`,
      )
      .raw(true);
    this.#after = database
      .prepare<[number, number, number], SqlRow>(
        `SELECT ${columns} FROM ${name} WHERE from_revision > ? AND from_revision <= ?
         AND (to_revision IS NULL OR to_revision > ?)`,
      )
      .raw(true);
  }

  apply(differences: readonly Difference<Key, Fields>[], revision: number): void {
    for (const { key, before, after } of differences) {
      if (before !== undefined) {
        const { changes } = this.#close.run(revision, key);
        invariant(changes === 1, `${this.#table.name} has one live row of ${key}`);
      }
      if (after !== undefined) this.#open.run(...this.#table.codec.toRow(after), revision);
    }
  }

  /** In key order. */
  live(): Fields[] {
    return this.#live.all().map(this.#table.codec.fromRow);
  }

  /** Deletes rows that stood at no revision from the one before `floor` on; tells how many. */
  prune(floor: number, limit: number): number {
    return this.#prune.run(floor, limit).changes;
  }

  /** In key order. */
  at(revision: number): Fields[] {
    return this.#at.all({ revision }).map(this.#table.codec.fromRow);
  }

  /** What the table held at two revisions of the keys that changed after `from`, in key order. */
  differencesBetween(from: number, to: number): Difference<Key, Fields>[] {
    const { fromRow } = this.#table.codec;
    const before = this.#before.all(from, to, from).map(fromRow);
    return joinVersions(this.#table, before, this.#after.all(from, to, to).map(fromRow));
  }
}
