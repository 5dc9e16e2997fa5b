/** The port on one SQLite connection. Runs in the store's thread: each call blocks until done. */
import type Database from "better-sqlite3";
import type { DeliveryRecord } from "../../core/delivery-record.ts";
import { append } from "./append.ts";
import { copyDatabase } from "./copy.ts";
import { fillDigests } from "./fill-digests.ts";
import { differencesBetween, headRecords, newsSince, revisionDetails } from "./history.ts";
import { ownersOf, rangesAt, tablesAt } from "./past.ts";
import type { Engine } from "./protocol.ts";
import { Pruner } from "./pruner.ts";
import { type Tables, tablesOf } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export function createEngine(database: Database.Database): Engine {
  const tables = tablesOf(database);
  inTransaction(database, () => fillDigests(database, tables));
  const pruner = new Pruner(database, tables);
  return {
    load: () => headRecords(tables),
    append: (baseRevision, entries) =>
      inTransaction(database, () => append(tables, baseRevision, entries)),
    news: (since) => newsSince(tables, since),
    changesBetween: (from, to) => differencesBetween(tables, from, to),
    revisions: (page) => tables.revisions.page(page),
    headings: (revisions) => revisions.flatMap((revision) => tables.revisions.one(revision) ?? []),
    revision: (revision) => revisionDetails(tables, revision),
    floorRevision: () => tables.cluster.bounds().floorRevision,
    tablesAt: (revision) => tablesAt(tables, revision),
    rangesAt: (revision, page) => rangesAt(tables, revision, page),
    ownersOf: (address, page) => ownersOf(tables, address, page),
    prune: (limits, rowsMax, now) => pruner.step(limits, rowsMax, now),
    deliveries: () => tables.deliveries.all(),
    addressLosses: () => tables.losses.all(),
    recordLoads: (loads) => inTransaction(database, () => tables.loads.put(loads)),
    loads: () => tables.loads.all(),
    recordDeliveries: (records, converged) =>
      inTransaction(database, () => {
        recordDeliveries(tables, JSON.parse(records));
        if (converged) tables.revisions.converge(converged);
      }),
    saveRebalance: (rebalance) => inTransaction(database, () => tables.rebalances.add(rebalance)),
    rebalance: (id) => tables.rebalances.one(id),
    rebalances: (page) => tables.rebalances.page(page),
    rebalanceMoves: (id, page) => tables.rebalances.moves(id, page),
    recordAudit: (entries) =>
      inTransaction(database, () => {
        for (const entry of entries) tables.audit.add(entry);
        tables.audit.forget();
      }),
    audit: (page) => tables.audit.page(page),
    keepAnswer: (call, revision, answer) =>
      inTransaction(database, () => tables.idempotency.put(call, revision, answer)),
    idempotentCall: (callSha256) => tables.idempotency.one(callSha256),
    // Closing writes what is in the write-ahead log into the file and removes the log.
    copyTo: (file) => copyDatabase(database, file),
    close: () => void database.close(),
  };
}

function recordDeliveries(tables: Tables, records: readonly DeliveryRecord[]): void {
  const { generation } = tables.cluster.read();
  for (const record of records) {
    if (!tables.deliveries.put(record) || record.snapshotNeeded) continue;
    if (record.acked?.generation !== generation) continue;
    tables.losses.trim(record.storageServerId, record.acked.revision);
  }
}
