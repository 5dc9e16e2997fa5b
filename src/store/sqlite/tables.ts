import type Database from "better-sqlite3";
import {
  LINK_ASSIGNMENTS,
  LINKS,
  PROCESSES,
  STORAGE_SERVERS,
  VOLUMES,
} from "../rows/versioned-tables.ts";
import { A2cRows } from "./a2c-rows.ts";
import { AuditRows } from "./audit-rows.ts";
import { ClusterRow } from "./cluster-row.ts";
import { CredentialsRows } from "./credentials-rows.ts";
import { DeferredRows } from "./deferred-rows.ts";
import { DeliveryRows } from "./delivery-rows.ts";
import { IdempotencyRows } from "./idempotency-rows.ts";
import { LoadRows } from "./load-rows.ts";
import { LossRows } from "./loss-rows.ts";
import { MoveRows } from "./move-rows.ts";
import { PastA2cRows } from "./past-a2c-rows.ts";
import { RebalanceRows } from "./rebalance-rows.ts";
import { RevisionRows } from "./revision-rows.ts";
import { SettingsRows } from "./settings-rows.ts";
import { VersionedRows } from "./versioned-rows.ts";

export interface TablesOptions {
  /** From so many rows on a change is carried over into the tables later. */
  readonly deferredRowsMin?: number | undefined;
}

/** All tables of a database, with their statements prepared. */
export type Tables = ReturnType<typeof tablesOf>;

export function tablesOf(database: Database.Database, { deferredRowsMin }: TablesOptions = {}) {
  const a2c = new A2cRows(database);
  const moves = new MoveRows(database);
  const deferred = new DeferredRows(database, { a2c, moves }, deferredRowsMin);
  return {
    cluster: new ClusterRow(database),
    revisions: new RevisionRows(database),
    storageServers: new VersionedRows(database, STORAGE_SERVERS),
    credentials: new CredentialsRows(database),
    processes: new VersionedRows(database, PROCESSES),
    links: new VersionedRows(database, LINKS),
    linkAssignments: new VersionedRows(database, LINK_ASSIGNMENTS),
    volumes: new VersionedRows(database, VOLUMES),
    a2c,
    pastA2c: new PastA2cRows(database),
    settings: new SettingsRows(database),
    deliveries: new DeliveryRows(database),
    losses: new LossRows(database),
    loads: new LoadRows(database),
    moves,
    deferred,
    rebalances: new RebalanceRows(database, { rows: moves, deferred }),
    audit: new AuditRows(database),
    idempotency: new IdempotencyRows(database),
  };
}
