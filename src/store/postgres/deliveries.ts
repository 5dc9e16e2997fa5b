/** The delivery ledger: the present record of each storage server. */
import type { DeliveryRecord } from "../../core/delivery-record.ts";
import type { StorageServerId } from "../../core/model.ts";
import type { Append } from "../revisions.ts";
import { DELIVERIES } from "../rows/delivery-columns.ts";
import { lockLedger } from "./head.ts";
import { trimLosses } from "./losses.ts";
import { replacing, type Session } from "./session.ts";

const { columns } = DELIVERIES;
const KEY = "storage_server_id";
const VERSIONED = [...columns, "ledger_version"];

/**
 * Writes the records whose registration still stands. The head is locked, so that no registration
 * changes between the look at it and the write.
 */
export async function putDeliveries(
  session: Session,
  records: readonly DeliveryRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const { generation, version } = await lockLedger(session);
  // The last one of a server counts.
  const last = new Map(records.map((record) => [record.storageServerId, record]));
  const registered = await registrationsOf(session, [...last.keys()]);
  const taken = [...last.values()].filter(
    ({ storageServerId, registeredRevision }) =>
      registered.get(storageServerId) === registeredRevision,
  );
  await session.insert(
    { table: "deliveries", columns: VERSIONED, onConflict: replacing(KEY, VERSIONED) },
    taken.map((record) => [...DELIVERIES.toRow(record), version]),
  );
  const acknowledged = taken.flatMap(({ storageServerId: id, acked, snapshotNeeded }) =>
    acked?.generation === generation && !snapshotNeeded ? [{ id, revision: acked.revision }] : [],
  );
  await trimLosses(session, acknowledged);
}

/** Forgets what is known of servers that went or were registered anew (rule 7). */
export async function forgetDeliveries(
  session: Session,
  entries: readonly Append[],
): Promise<void> {
  const changed = entries
    .flatMap(({ changes }) => changes.storageServers)
    .filter(({ before, after }) => before?.registeredRevision !== after?.registeredRevision)
    .map(({ key }) => key);
  if (changed.length === 0) return;
  await session.run(`DELETE FROM deliveries WHERE ${KEY} = ANY($1::text[])`, [changed]);
}

export async function allDeliveries(session: Session): Promise<DeliveryRecord[]> {
  const rows = await session.rows(`SELECT ${columns.join(", ")} FROM deliveries ORDER BY ${KEY}`);
  return rows.map(DELIVERIES.fromRow);
}

export async function deliveriesSince(
  session: Session,
  version: number,
): Promise<DeliveryRecord[]> {
  const rows = await session.rows(
    `SELECT ${columns.join(", ")} FROM deliveries WHERE ledger_version > $1`,
    [version],
  );
  return rows.map(DELIVERIES.fromRow);
}

async function registrationsOf(
  session: Session,
  ids: readonly StorageServerId[],
): Promise<Map<StorageServerId, number>> {
  const rows = await session.rows<[StorageServerId, number]>(
    `SELECT id, registered_revision FROM storage_servers
     WHERE to_revision IS NULL AND id = ANY($1::text[])`,
    [ids],
  );
  return new Map(rows);
}
