import { closeSync, fsyncSync, openSync } from "node:fs";
import { StoreError } from "../store-error.ts";

/**
 * Makes the names in a directory durable: what was written to a new file is lost with its name.
 * SQLite does so when it has made a file, but not for one that it finds, and whoever made that may
 * have been killed in between.
 */
export function syncDirectory(directory: string): void {
  try {
    const descriptor = openSync(directory, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { message } = error as Error;
    throw new StoreError(
      "unavailable",
      `the directory ${directory} of the database can't be made durable: ${message}`,
    );
  }
}
