import type Database from "better-sqlite3";
import type { StorageServerId } from "../../core/model.ts";
import type { Difference } from "../../core/sorted-map.ts";
import type { AddressLoss } from "../revisions.ts";

type Row = [storageServerId: StorageServerId, revision: number];

/** In which revisions of the generation storage servers lost addresses. */
export class LossRows {
  readonly #add: Database.Statement<Row>;
  readonly #forget: Database.Statement<[StorageServerId]>;
  readonly #forgetAll: Database.Statement<[]>;
  readonly #trim: Database.Statement<{ id: StorageServerId; acknowledged: number }>;
  readonly #all: Database.Statement<[], Row>;

  constructor(database: Database.Database) {
    this.#add = database.prepare(
      "INSERT OR IGNORE INTO address_losses (storage_server_id, revision) VALUES (?, ?)",
    );
    this.#forget = database.prepare("DELETE FROM address_losses WHERE storage_server_id = ?");
    this.#forgetAll = database.prepare("DELETE FROM address_losses");
    this.#trim = database.prepare(
      `DELETE FROM address_losses WHERE storage_server_id = @id AND revision < (
         SELECT max(revision) FROM address_losses
         WHERE storage_server_id = @id AND revision <= @acknowledged)`,
    );
    this.#all = database
      .prepare<[], Row>(
        `SELECT storage_server_id, revision FROM address_losses
         ORDER BY storage_server_id, revision`,
      )
      .raw(true);
  }

  apply(losses: readonly Difference<StorageServerId, number>[], newGeneration: boolean): void {
    if (newGeneration) this.#forgetAll.run();
    for (const { key, after } of losses) {
      if (after === undefined) this.#forget.run(key);
      else this.#add.run(key, after);
    }
  }

  /** Lets go of what a server has acknowledged, but the last. */
  trim(id: StorageServerId, acknowledged: number): void {
    this.#trim.run({ id, acknowledged });
  }

  all(): AddressLoss[] {
    return this.#all.all().map(([storageServerId, revision]) => ({ storageServerId, revision }));
  }

  /** The last of each server. */
  last(): [StorageServerId, number][] {
    return [...new Map(this.#all.all())];
  }
}
