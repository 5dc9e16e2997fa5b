import { closeSync, fdatasync, openSync } from "node:fs";
import type Database from "better-sqlite3";
import { storeErrorOf } from "./failures.ts";
import { PRIVATE_FILE_MODE } from "./private-file.ts";

/** A millisecond's worth; requests that wait are carried out in between. */
const PAGES_PER_STEP = 100;
/** Some 8 MB at a time go to the disk. */
const STEPS_PER_FLUSH = 20;

/**
 * Copies the database page by page. What this connection writes meanwhile goes to the pages that
 * are copied already, too, so the copy ends as the database is then, and never begins anew.
 */
export async function copyDatabase(database: Database.Database, file: string): Promise<void> {
  // Opened before SQLite does: closing it would drop the locks that SQLite has by then.
  const descriptor = openSync(file, "a", PRIVATE_FILE_MODE);
  let step = 0;
  const progress = () => {
    if (++step % STEPS_PER_FLUSH === 0) flushAside(descriptor);
    return PAGES_PER_STEP;
  };
  try {
    await database.backup(file, { progress });
  } catch (error) {
    throw storeErrorOf(error, file);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * SQLite syncs the copy in its last step, and everybody would wait for all of it. What is on the
 * disk by then need not be waited for; whether it is shows at that sync, not here.
 */
function flushAside(descriptor: number): void {
  fdatasync(descriptor, () => undefined);
}
