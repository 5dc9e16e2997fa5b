/** Signing secrets stand in the database: what is made for it is read by this user alone. */
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { StoreError } from "../store-error.ts";

export const PRIVATE_FILE_MODE = 0o600;
const READ_BY_OTHERS = 0o044;

/**
 * SQLite would leave the rights to the process's umask, and gives those of the file to what it
 * puts beside it. One that stands is not opened: closing it would drop the locks that another
 * thread has on it.
 */
export function makePrivateFile(file: string): void {
  if (existsSync(file)) return;
  try {
    closeSync(openSync(file, "a", PRIVATE_FILE_MODE));
  } catch (error) {
    throw new StoreError("unavailable", `${file} can't be made: ${(error as Error).message}`);
  }
}

/** One that was made by an earlier version, or given away since. */
export function isReadByOthers(file: string): boolean {
  return (statSync(file).mode & READ_BY_OTHERS) !== 0;
}
