import type Database from "better-sqlite3";
import { commitErrorOf, isFailedSync } from "./failures.ts";

/**
 * Runs `work` in one transaction; nothing of it stays when it throws. Unlike better-sqlite3's
 * `transaction` it tells an error before COMMIT from one at COMMIT, whose outcome is unknown.
 */
export function inTransaction<Result>(database: Database.Database, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  let result: Result;
  try {
    result = work();
  } catch (error) {
    rollBack(database);
    // A large transaction begins to write the log before its end.
    throw isFailedSync(error) ? commitErrorOf(error, database.name) : error;
  }
  try {
    database.exec("COMMIT");
  } catch (error) {
    rollBack(database);
    throw commitErrorOf(error, database.name);
  }
  return result;
}

// SQLite rolls back by itself after some errors, a full disk among them.
function rollBack(database: Database.Database): void {
  if (database.inTransaction) database.exec("ROLLBACK");
}
