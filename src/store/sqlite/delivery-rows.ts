import type Database from "better-sqlite3";
import type { DeliveryRecord, Position } from "../../core/delivery-record.ts";
import type { StorageServer, StorageServerId } from "../../core/model.ts";
import type { Difference } from "../../core/sorted-map.ts";
import { boolean, rowCodec, type SqlRow } from "./columns.ts";

/** A record with each of its positions in two columns. */
type FlatRecord = Omit<DeliveryRecord, "acked" | "parkedAt" | "toldSettled"> & {
  ackedGeneration?: number | undefined;
  ackedRevision?: number | undefined;
  parkedGeneration?: number | undefined;
  parkedRevision?: number | undefined;
  toldGeneration?: number | undefined;
  toldSettledRevision?: number | undefined;
};

/** With every field named, so that none added later is forgotten. */
type Named<Fields> = { [Name in keyof Required<Fields>]: Fields[Name] };

const CODEC = rowCodec<FlatRecord>({
  storageServerId: "storage_server_id",
  registeredRevision: "registered_revision",
  mode: "mode",
  ackedGeneration: "acked_generation",
  ackedRevision: "acked_revision",
  since: "since",
  lastAttemptAt: "last_attempt_at",
  lastError: "last_error",
  consecutiveFailures: "consecutive_failures",
  failingSince: "failing_since",
  nextAttemptAt: "next_attempt_at",
  lastSeenAt: "last_seen_at",
  parkedGeneration: "parked_generation",
  parkedRevision: "parked_revision",
  toldGeneration: "told_generation",
  toldSettledRevision: "told_settled_revision",
  snapshotNeeded: boolean("snapshot_needed"),
});
const COLUMNS = CODEC.columns.join(", ");
const PLACES = CODEC.columns.map(() => "?").join(", ");

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
    this.#put.run(...CODEC.toRow(flattened(record)));
    return true;
  }

  /** Forgets what is known of servers that went or were registered anew (rule 7). */
  apply(servers: readonly Difference<StorageServerId, StorageServer>[]): void {
    for (const { key, before, after } of servers) {
      if (before?.registeredRevision !== after?.registeredRevision) this.#delete.run(key);
    }
  }

  all(): DeliveryRecord[] {
    return this.#all.all().map((row) => unflattened(CODEC.fromRow(row)));
  }
}

/** Field by field: what is left of an object, spread, takes several times as long as the row. */
function flattened(record: DeliveryRecord): Named<FlatRecord> {
  const { acked, parkedAt, toldSettled } = record;
  return {
    storageServerId: record.storageServerId,
    registeredRevision: record.registeredRevision,
    mode: record.mode,
    ackedGeneration: acked?.generation,
    ackedRevision: acked?.revision,
    since: record.since,
    lastAttemptAt: record.lastAttemptAt,
    lastError: record.lastError,
    consecutiveFailures: record.consecutiveFailures,
    failingSince: record.failingSince,
    nextAttemptAt: record.nextAttemptAt,
    lastSeenAt: record.lastSeenAt,
    parkedGeneration: parkedAt?.generation,
    parkedRevision: parkedAt?.revision,
    toldGeneration: toldSettled?.generation,
    toldSettledRevision: toldSettled?.revision,
    snapshotNeeded: record.snapshotNeeded,
  };
}

function unflattened(flat: FlatRecord): DeliveryRecord {
  const { ackedGeneration, ackedRevision, parkedGeneration, parkedRevision, ...others } = flat;
  const { toldGeneration, toldSettledRevision, ...rest } = others;
  return {
    ...rest,
    acked: positionOf(ackedGeneration, ackedRevision),
    parkedAt: positionOf(parkedGeneration, parkedRevision),
    toldSettled: positionOf(toldGeneration, toldSettledRevision),
  };
}

function positionOf(generation?: number, revision?: number): Position | undefined {
  if (generation === undefined || revision === undefined) return undefined;
  return { generation, revision };
}
