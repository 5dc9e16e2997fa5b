import type Database from "better-sqlite3";
import { toggleChangedRows } from "../../core/changes.ts";
import { DigestAccumulator } from "../../core/digest.ts";
import { finish } from "../../core/steps.ts";
import { revisionDetails } from "./history.ts";
import type { Tables } from "./tables.ts";

/**
 * Gives the revisions that were made before digests were kept theirs, from the head backwards:
 * what a revision changed, put in once more, leads to the digest before it.
 */
export function fillDigests(database: Database.Database, tables: Tables): void {
  const { revision: head, digest } = tables.cluster.read();
  const missing = database
    .prepare<[], number>("SELECT revision FROM revisions WHERE digest IS NULL ORDER BY 1 DESC")
    .pluck(true)
    .all();
  if (missing[0] !== head) return;
  const put = database.prepare("UPDATE revisions SET digest = ? WHERE revision = ?");
  const rows = new DigestAccumulator(digest);
  for (const revision of missing) {
    put.run(rows.digest(), revision);
    finish(toggleChangedRows(rows, revisionDetails(tables, revision)!.changes));
  }
}
