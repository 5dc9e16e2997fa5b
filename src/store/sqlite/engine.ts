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
import { type Tables, type TablesOptions, tablesOf } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export function createEngine(database: Database.Database, options?: TablesOptions): Engine {
  const tables = tablesOf(database, options);
  const { deferred } = tables;
  /** Of whatever has to do with rows that may be deferred. */
  const whole =
    <Parameters extends unknown[], Result>(work: (...parameters: Parameters) => Result) =>
    (...parameters: Parameters) => {
      deferred.carryOverAll();
      return work(...parameters);
    };
  deferred.carryOverAll();
  inTransaction(database, () => fillDigests(database, tables));
  const pruner = new Pruner(database, tables);
  return {
    load: whole(() => headRecords(tables)),
    append: (baseRevision, entries) =>
      inTransaction(database, () => append(tables, baseRevision, entries)),
    news: whole((since) => newsSince(tables, since)),
    changesBetween: whole((from, to) => differencesBetween(tables, from, to)),
    revisions: (page) => tables.revisions.page(page),
    headings: (revisions) => revisions.flatMap((revision) => tables.revisions.one(revision) ?? []),
    revision: whole((revision) => revisionDetails(tables, revision)),
    floorRevision: () => tables.cluster.bounds().floorRevision,
    tablesAt: (revision) => tablesAt(tables, revision),
    rangesAt: whole((revision, page) => rangesAt(tables, revision, page)),
    ownersOf: whole((address, page) => ownersOf(tables, address, page)),
    prune: whole((limits, rowsMax, now) => pruner.step(limits, rowsMax, now)),
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
    rebalanceMoves: whole((id, page) => tables.moves.of(id, page)),
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
    copyTo: whole((file) => copyDatabase(database, file)),
    carryOver: () => deferred.carryOverOne(),
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
