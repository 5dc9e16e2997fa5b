import type Database from "better-sqlite3";
import { storeErrorOf } from "./failures.ts";

/** A millisecond's worth; requests that wait are carried out in between. */
const PAGES_PER_STEP = 100;

/**
 * Copies the database page by page. What this connection writes meanwhile goes to the pages that
 * are copied already, too, so the copy ends as the database is then, and never begins anew.
 */
export async function copyDatabase(database: Database.Database, file: string): Promise<void> {
  try {
    await database.backup(file, { progress: () => PAGES_PER_STEP });
  } catch (error) {
    throw storeErrorOf(error, file);
  }
}
