import type Database from "better-sqlite3";
import type { SqlRow } from "../rows/columns.ts";
import { LOADS } from "../rows/records.ts";
import type { MeasuredLoad } from "../store.ts";

const COLUMNS = LOADS.columns.join(", ");

/** The last reported load of each registered process. */
export class LoadRows {
  readonly #put: Database.Statement;
  readonly #all: Database.Statement<[], SqlRow>;
  readonly #dropUnregistered: Database.Statement<[]>;

  constructor(database: Database.Database) {
    const registered = "SELECT id FROM processes WHERE to_revision IS NULL";
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO process_loads (${COLUMNS}) VALUES (?, ?, ?, ?)`,
    );
    this.#all = database
      .prepare<[], SqlRow>(
        `SELECT ${COLUMNS} FROM process_loads WHERE process_id IN (${registered})
         ORDER BY process_id`,
      )
      .raw(true);
    this.#dropUnregistered = database.prepare(
      `DELETE FROM process_loads WHERE process_id NOT IN (${registered})`,
    );
  }

  put(loads: readonly MeasuredLoad[]): void {
    for (const load of loads) this.#put.run(...LOADS.toRow(load));
    this.#dropUnregistered.run();
  }

  all(): MeasuredLoad[] {
    return this.#all.all().map(LOADS.fromRow);
  }
}
