/** What SQLite's errors mean for whoever uses the store. */
import Database from "better-sqlite3";
import { StoreError } from "../store-error.ts";

/** SQLite's own errors in the words of the port; what isn't SQLite's is a mistake of ours. */
export function storeErrorOf(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  return new StoreError(
    isFull(error) ? "full" : "unavailable",
    `${file} ${explain(error)} (${error.code})`,
  );
}

/** The same for an error at COMMIT. */
export function commitErrorOf(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError) || isFull(error)) return storeErrorOf(error, file);
  // The commit frame may have reached the file although writing or syncing it was reported as
  // failed; recovery at the next start tells.
  return new StoreError(
    "outcome-unknown",
    `${file} could not be made durable (${error.code}: ${error.message}): the outcome of the last ` +
      "writes is unknown, and shows at the next start",
  );
}

/**
 * The same for an error after the answer, at a checkpoint or when rows are carried over: nothing
 * where there was no room, because what could not be written where it belongs stays where it is,
 * and goes there when there is room.
 */
export function lateErrorOf(error: unknown, file: string): unknown {
  if (error instanceof StoreError && error.reason === "full") return undefined;
  if (!(error instanceof Database.SqliteError)) return error;
  if (isFull(error)) return undefined;
  return new StoreError(
    "outcome-unknown",
    `${file} could not be written (${error.code}: ${error.message}): what was answered is in its ` +
      "log, which the next start reads",
  );
}

/** What was written may be lost although it can still be read, and no later sync would tell. */
export function isFailedSync(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_IOERR_(DIR_)?FSYNC$/.test(error.code);
}

// The commit frame is the last that is written, so without room for it nothing was committed.
function isFull(error: { code: string }): boolean {
  return error.code === "SQLITE_FULL";
}

function explain({ code, message }: { code: string; message: string }): string {
  const [, primary] = code.split("_");
  switch (primary) {
    case "BUSY":
    case "LOCKED":
      return "is in use by another process: stop it or set DATABASE_URL to another file";
    case "NOTADB":
      return "is not a database file: set DATABASE_URL to another file or restore a backup";
    case "CORRUPT":
      return "is damaged: restore a backup";
    case "CANTOPEN":
      return "can't be opened: check that it is a file and that this user may read and write it";
    case "READONLY":
    case "PERM":
      return "can't be written: give this user the right to write the file and its directory";
    case "FULL":
      return "can't grow, the disk is full: make room";
    default:
      return `failed: ${message}`;
  }
}
