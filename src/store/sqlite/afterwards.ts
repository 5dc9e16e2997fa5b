/** What the store's thread does after it has answered. */
import type Database from "better-sqlite3";
import { lateErrorOf } from "./failures.ts";
import type { Engine } from "./protocol.ts";

/** 4 MB: so much is read again at a start after a kill. */
const LOG_PAGES_MAX = 1000;

/**
 * Carries the pages of a long write-ahead log over into the file. SQLite would do so by itself
 * after a commit, but keep its failures to itself, and the log of a failing disk would grow for
 * ever; here nobody waits for it either.
 */
export function shortenLog(database: Database.Database): void {
  if (!database.open || logPages(database) < LOG_PAGES_MAX) return;
  try {
    database.pragma("wal_checkpoint(PASSIVE)");
  } catch (error) {
    throwUnlessFull(error, database);
  }
}

/** Brings a piece of what a large change has deferred into its tables; whether there was any. */
export function carryOverOne(
  database: Database.Database,
  engine: Pick<Engine, "carryOver">,
): boolean {
  if (!database.open) return false;
  try {
    return engine.carryOver();
  } catch (error) {
    throwUnlessFull(error, database);
    return false;
  }
}

/** Where there is no room it is done when there is. */
function throwUnlessFull(error: unknown, database: Database.Database): void {
  const failure = lateErrorOf(error, database.name);
  if (failure) throw failure;
}

function logPages(database: Database.Database): number {
  const [found] = database.pragma("wal_checkpoint(NOOP)") as [{ log: number }];
  return found.log;
}
