/**
 * Keeps the history to its limits, a bounded step at a time, as the engine of SQLite does: first
 * the floor is raised, durably; then go the rows that nobody can read any more, then the plans
 * that have long expired, and the calls that nobody will send again.
 */

import type { HistoryLimits, PruneStep } from "../revisions.ts";
import { CALLS_KEPT_MS, floorByCount, floorBySize } from "../rows/history-bounds.ts";
import {
  LINK_ASSIGNMENTS,
  LINKS,
  PROCESSES,
  STORAGE_SERVERS,
  VOLUMES,
} from "../rows/versioned-tables.ts";
import type { Database } from "./database.ts";
import { raiseFloor, readBounds } from "./head.ts";
import { forgetCalls } from "./idempotency.ts";
import { forgetRebalance } from "./rebalances.ts";
import { bytesFrom, pruneRevisions } from "./revisions.ts";
import type { Session } from "./session.ts";

/** The tables with closed rows, and by which columns an index tells those of a revision apart. */
const CLOSED_BY: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ["a2c_entries", ["volume_id", "first_lba"]],
  ...[STORAGE_SERVERS, PROCESSES, LINKS, LINK_ASSIGNMENTS, VOLUMES].map(
    ({ name, keyColumn }) => [name, [keyColumn]] as const,
  ),
  ["settings", ["from_revision"]],
];

export class Pruner {
  readonly #database: Database;
  /** Below this floor nothing is left. */
  #cleared: number | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  step(limits: HistoryLimits, rowsMax: number, now: number): Promise<PruneStep> {
    return this.#database.transaction(async (session) => {
      const bounds = await readBounds(session);
      const { floorRevision } = bounds;
      const raised =
        bounds.historyBytes <= limits.bytesMax
          ? floorByCount(bounds, limits.revisionsMax)
          : floorBySize(bounds, limits, await bytesFrom(session, floorRevision));
      if (raised > floorRevision) {
        await raiseFloor(session, raised);
        return { floorRevision: raised, done: false };
      }
      if (this.#cleared !== floorRevision) {
        if (await clearBelow(session, floorRevision, rowsMax)) this.#cleared = floorRevision;
        return { floorRevision, done: false };
      }
      const plans = await forgetRebalance(session, now, rowsMax);
      const calls = await forgetCalls(session, now - CALLS_KEPT_MS, rowsMax);
      return { floorRevision, done: plans + calls === 0 };
    });
  }
}

/** Whether nothing is left. */
async function clearBelow(session: Session, floor: number, rowsMax: number): Promise<boolean> {
  let left = rowsMax;
  for (const [table, columns] of CLOSED_BY) {
    if (left > 0) left -= await pruneClosed(session, { table, columns, floor, limit: left });
  }
  if (left > 0) left -= await pruneRevisions(session, floor, left);
  return left > 0;
}

interface Pruned {
  readonly table: string;
  readonly columns: readonly string[];
  readonly floor: number;
  readonly limit: number;
}

/**
 * Deletes rows that stood at no revision from the one before `floor` on; tells how many. By keys
 * that were looked up, since a bound on several columns at once is not where an index scan ends.
 */
function pruneClosed(session: Session, { table, columns, floor, limit }: Pruned): Promise<number> {
  const keys = ["to_revision", ...columns];
  return session.run(
    `DELETE FROM ${table} AS closed USING (
       SELECT ${keys.join(", ")} FROM ${table} WHERE to_revision < $1
       ORDER BY ${keys.join(", ")} LIMIT $2) AS gone
     WHERE ${keys.map((key) => `closed.${key} = gone.${key}`).join(" AND ")}`,
    [floor, limit],
  );
}
