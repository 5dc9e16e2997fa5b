import type Database from "better-sqlite3";
import type { Credentials, StorageServerId } from "../../core/model.ts";
import type { Difference } from "../../core/sorted-map.ts";
import type { SqlRow } from "../rows/columns.ts";
import { CREDENTIALS } from "../rows/records.ts";

const COLUMNS = CREDENTIALS.columns.join(", ");

/** The secrets. Only the present ones: what is replaced or removed is gone. */
export class CredentialsRows {
  readonly #put: Database.Statement;
  readonly #delete: Database.Statement<[StorageServerId]>;
  readonly #all: Database.Statement<[], SqlRow>;

  constructor(database: Database.Database) {
    const table = "storage_server_credentials";
    this.#put = database.prepare(`INSERT OR REPLACE INTO ${table} (${COLUMNS})
      VALUES (?, ?, ?, ?, ?)`);
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE storage_server_id = ?`);
    this.#all = database
      .prepare<[], SqlRow>(`SELECT ${COLUMNS} FROM ${table} ORDER BY storage_server_id`)
      .raw(true);
  }

  apply(differences: readonly Difference<StorageServerId, Credentials>[]): void {
    for (const { key, after } of differences) {
      if (after) this.#put.run(...CREDENTIALS.toRow({ storageServerId: key, ...after }));
      else this.#delete.run(key);
    }
  }

  all(): [StorageServerId, Credentials][] {
    return this.#all.all().map((row) => {
      const { storageServerId, ...credentials } = CREDENTIALS.fromRow(row);
      return [storageServerId, credentials];
    });
  }
}
