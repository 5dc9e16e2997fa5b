import type Database from "better-sqlite3";
import { digestOfChanges } from "../../core/changed-rows.ts";
import { combined } from "../../core/digest.ts";
import { revisionDetails } from "./history.ts";
import type { Tables } from "./tables.ts";

/**
 * Gives the revisions that were made before digests were kept theirs, from the head backwards:
 * what a revision changed, put in once more, leads to the digest before it.
 */
export function fillDigests(database: Database.Database, tables: Tables): void {
  const { revision: head, digest: headDigest } = tables.cluster.read();
  const missing = database
    .prepare<[], number>("SELECT revision FROM revisions WHERE digest IS NULL ORDER BY 1 DESC")
    .pluck(true)
    .all();
  if (missing[0] !== head) return;
  const put = database.prepare("UPDATE revisions SET digest = ? WHERE revision = ?");
  let digest = headDigest;
  for (const revision of missing) {
    put.run(digest, revision);
    digest = combined(digest, digestOfChanges(revisionDetails(tables, revision)!.changes));
  }
}
