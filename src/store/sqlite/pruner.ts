/**
 * Keeps the history to its limits, a bounded step at a time. First the floor is raised, durably:
 * from then on nothing below it is read. Then the rows that nobody can read any more go in
 * batches; what a kill interrupts is found again by the floor. Last go the plans that have long
 * expired, and calls that nobody will send again.
 */
import type Database from "better-sqlite3";
import type { HistoryLimits, PruneStep } from "../revisions.ts";
import { CALLS_KEPT_MS, floorByCount, floorBySize } from "../rows/history-bounds.ts";
import type { Tables } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export class Pruner {
  readonly #database: Database.Database;
  readonly #tables: Tables;
  /** Below this floor nothing is left. */
  #cleared: number | undefined;

  constructor(database: Database.Database, tables: Tables) {
    this.#database = database;
    this.#tables = tables;
  }

  step(limits: HistoryLimits, rowsMax: number, now: number): PruneStep {
    const { floorRevision } = this.#tables.cluster.bounds();
    const raised = this.#dueFloor(limits);
    if (raised > floorRevision) {
      inTransaction(this.#database, () => this.#tables.cluster.raiseFloor(raised));
      return { floorRevision: raised, done: false };
    }
    if (this.#cleared !== floorRevision) {
      const done = inTransaction(this.#database, () => this.#clearBelow(floorRevision, rowsMax));
      if (done) this.#cleared = floorRevision;
      return { floorRevision, done: false };
    }
    const { rebalances, idempotency } = this.#tables;
    const forgotten = inTransaction(this.#database, () => {
      return rebalances.forget(now, rowsMax) + idempotency.forget(now - CALLS_KEPT_MS, rowsMax);
    });
    return { floorRevision, done: forgotten === 0 };
  }

  #dueFloor(limits: HistoryLimits): number {
    const { cluster, revisions } = this.#tables;
    const bounds = cluster.bounds();
    if (bounds.historyBytes <= limits.bytesMax) return floorByCount(bounds, limits.revisionsMax);
    return floorBySize(bounds, limits, revisions.bytesFrom(bounds.floorRevision));
  }

  /** Whether nothing is left. */
  #clearBelow(floor: number, rowsMax: number): boolean {
    const { a2c, storageServers, processes, links, linkAssignments, volumes } = this.#tables;
    const { settings, revisions } = this.#tables;
    let left = rowsMax;
    for (const table of [a2c, storageServers, processes, links, linkAssignments, volumes]) {
      left -= table.prune(floor, left);
    }
    left -= settings.prune(floor, left);
    left -= revisions.prune(floor, left);
    return left > 0;
  }
}
