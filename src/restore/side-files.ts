import { existsSync } from "node:fs";
import { SIDE_SUFFIXES } from "../backup/files.ts";
import { StartError } from "../start-error.ts";

/**
 * A log beside a database belongs to what the file held when it was written. SQLite would put it
 * into whatever file is found in that place.
 */
export function refuseSideFiles(file: string, advice: string): void {
  for (const suffix of SIDE_SUFFIXES) {
    if (!existsSync(`${file}${suffix}`)) continue;
    throw new StartError(`${file}${suffix} stands beside the database: ${advice}`);
  }
}
