import Database from "better-sqlite3";
import { StoreError } from "../store-error.ts";
import { BUSY_TIMEOUT_MS, refuseForeignFile } from "./connection.ts";
import { storeErrorOf } from "./failures.ts";

/** A database file that nobody else can open until it is released. */
export interface Occupied {
  /** Absent where it can't be read: there may be nothing in it, or nothing left of it. */
  readonly generation: number | undefined;
  release(): void;
}

/**
 * Takes the lock that a running service holds, and changes nothing in the file. `path` may be
 * another link to the file than `name`, by which it is told of: the lock is on the file, and what
 * SQLite looks for beside it goes by the path. Nothing else in this process may open the file,
 * because the system drops the lock when any of its openings is closed.
 */
export function occupyDatabase({ path, name }: { path: string; name: string }): Occupied {
  const database = new Database(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.exec("BEGIN EXCLUSIVE");
    refuseForeignFile(database, name);
  } catch (error) {
    // What is no database, or no longer, can't be locked, and no service runs on it.
    if (isBroken(error)) return { generation: undefined, release: () => void database.close() };
    database.close();
    throw storeErrorOf(error, name);
  }
  return { generation: generationOf(database), release: () => void database.close() };
}

function generationOf(database: Database.Database): number | undefined {
  try {
    return database.prepare<[], number>("SELECT generation FROM cluster").pluck(true).get();
  } catch (error) {
    if (error instanceof Database.SqliteError) return undefined;
    throw error;
  }
}

function isBroken(error: unknown): boolean {
  if (error instanceof StoreError || !(error instanceof Database.SqliteError)) return false;
  return /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
}
