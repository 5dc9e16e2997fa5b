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
  /** For whatever has to do with rows that may be deferred. */
  const onAllRows =
    <Parameters extends unknown[], Result>(work: (...parameters: Parameters) => Result) =>
    (...parameters: Parameters) => {
      deferred.carryOverAll();
      return work(...parameters);
    };
  deferred.carryOverAll();
  inTransaction(database, () => fillDigests(database, tables));
  const pruner = new Pruner(database, tables);
  return {
    load: onAllRows(() => headRecords(tables)),
    append: (baseRevision, entries) =>
      inTransaction(database, () => append(tables, baseRevision, entries)),
    news: onAllRows((since) => newsSince(tables, since)),
    changesBetween: onAllRows((from, to) => differencesBetween(tables, from, to)),
    revisions: (page) => tables.revisions.page(page),
    headings: (revisions) => revisions.flatMap((revision) => tables.revisions.one(revision) ?? []),
    revision: onAllRows((revision) => revisionDetails(tables, revision)),
    floorRevision: () => tables.cluster.bounds().floorRevision,
    tablesAt: (revision) => tablesAt(tables, revision),
    rangesAt: onAllRows((revision, page) => rangesAt(tables, revision, page)),
    ownersOf: onAllRows((address, page) => ownersOf(tables, address, page)),
    // A step at a time, too: others wait in between.
    prune: (limits, rowsMax, now) =>
      deferred.carryOverOne()
        ? { floorRevision: tables.cluster.bounds().floorRevision, done: false }
        : pruner.step(limits, rowsMax, now),
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
    rebalanceMoves: (id, page) => {
      // Only as far as these: a rollback right after a large change would wait for all the rest.
      while (tables.moves.lacks(id, page) && deferred.carryOverOne());
      return tables.moves.of(id, page);
    },
    recordAudit: (entries) =>
      inTransaction(database, () => {
        for (const entry of entries) tables.audit.add(entry);
        tables.audit.forget();
      }),
    audit: (page) => tables.audit.page(page),
    keepAnswer: (call, revision, answer) =>
      inTransaction(database, () => tables.idempotency.put(call, revision, answer)),
    idempotentCall: (callSha256) => tables.idempotency.one(callSha256),
    copyTo: onAllRows((file) => copyDatabase(database, file)),
    carryOver: () => deferred.carryOverOne(),
    // Closing writes what is in the write-ahead log into the file and removes the log.
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
