/** The delivery ledger's records, each position in two columns. */
import type { DeliveryRecord, Position } from "../../core/delivery-record.ts";
import { boolean, type RowCodec, rowCodec } from "./columns.ts";

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

const FLAT = rowCodec<FlatRecord>({
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

export const DELIVERIES: RowCodec<DeliveryRecord> = {
  columns: FLAT.columns,
  toRow: (record) => FLAT.toRow(flattened(record)),
  fromRow: (row) => unflattened(FLAT.fromRow(row)),
};

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
