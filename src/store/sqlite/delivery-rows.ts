import type Database from "better-sqlite3";
import type { DeliveryRecord } from "../../core/delivery-record.ts";
import type { StorageServer, StorageServerId } from "../../core/model.ts";
import type { Difference } from "../../core/sorted-map.ts";
import type { SqlRow } from "../rows/columns.ts";
import { DELIVERIES } from "../rows/delivery-columns.ts";

const COLUMNS = DELIVERIES.columns.join(", ");
const PLACES = DELIVERIES.columns.map(() => "?").join(", ");

/** The delivery ledger: the present record of each storage server. */
export class DeliveryRows {
  readonly #registration: Database.Statement<[StorageServerId], number>;
  readonly #put: Database.Statement;
  readonly #delete: Database.Statement<[StorageServerId]>;
  readonly #all: Database.Statement<[], SqlRow>;

  constructor(database: Database.Database) {
    this.#registration = database
      .prepare<[StorageServerId], number>(
        "SELECT registered_revision FROM storage_servers WHERE id = ? AND to_revision IS NULL",
      )
      .pluck(true);
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO deliveries (${COLUMNS}) VALUES (${PLACES})`,
    );
    this.#delete = database.prepare("DELETE FROM deliveries WHERE storage_server_id = ?");
    this.#all = database
      .prepare<[], SqlRow>(`SELECT ${COLUMNS} FROM deliveries ORDER BY storage_server_id`)
      .raw(true);
  }

  /**
   * Whether the record was taken: one of an earlier registration says nothing about the present
   * one, and is dropped.
   */
  put(record: DeliveryRecord): boolean {
    if (this.#registration.get(record.storageServerId) !== record.registeredRevision) return false;
    this.#put.run(...DELIVERIES.toRow(record));
    return true;
  }

  /** Forgets what is known of servers that went or were registered anew (rule 7). */
  apply(servers: readonly Difference<StorageServerId, StorageServer>[]): void {
    for (const { key, before, after } of servers) {
      if (before?.registeredRevision !== after?.registeredRevision) this.#delete.run(key);
    }
  }

  all(): DeliveryRecord[] {
    return this.#all.all().map(DELIVERIES.fromRow);
  }
}
