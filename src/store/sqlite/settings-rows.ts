import type Database from "better-sqlite3";
import type { Settings } from "../../core/model.ts";
import type { SqlRow } from "../rows/columns.ts";
import { SETTINGS } from "../rows/records.ts";

const COLUMNS = SETTINGS.columns.join(", ");

/** The settings, one live row at most. */
export class SettingsRows {
  readonly #open: Database.Statement;
  readonly #close: Database.Statement<[revision: number]>;
  readonly #live: Database.Statement<[], SqlRow>;
  readonly #openedAt: Database.Statement<[revision: number], SqlRow>;

  readonly #prune: Database.Statement<[floor: number, limit: number]>;

  constructor(database: Database.Database) {
    const select = `SELECT ${COLUMNS} FROM settings`;
    this.#open = database.prepare(
      `INSERT INTO settings (${COLUMNS}, from_revision) VALUES (?, ?, ?)`,
    );
    this.#close = database.prepare("UPDATE settings SET to_revision = ? WHERE to_revision IS NULL");
    this.#prune = database.prepare(
      `DELETE FROM settings WHERE from_revision IN (
         SELECT from_revision FROM settings WHERE to_revision < ? LIMIT ?)`,
    );
    this.#live = database.prepare<[], SqlRow>(`${select} WHERE to_revision IS NULL`).raw(true);
    this.#openedAt = database
      .prepare<[number], SqlRow>(`${select} WHERE from_revision = ?`)
      .raw(true);
  }

  apply(settings: Settings | undefined, revision: number): void {
    if (!settings) return;
    this.#close.run(revision);
    this.#open.run(...SETTINGS.toRow(settings), revision);
  }

  /** Deletes rows that stood at no revision from the one before `floor` on; tells how many. */
  prune(floor: number, limit: number): number {
    return this.#prune.run(floor, limit).changes;
  }

  live(): Settings {
    const row = this.#live.get();
    return row ? SETTINGS.fromRow(row) : { revision: 0 };
  }

  changedBy(revision: number): Settings | undefined {
    const row = this.#openedAt.get(revision);
    return row && SETTINGS.fromRow(row);
  }
}
