/** Makes sure that a database can be relied upon, and begins the cluster in it. */
import { EMPTY_DIGEST } from "../../core/digest.ts";
import { HEAD } from "../rows/records.ts";
import { StoreError } from "../store-error.ts";
import type { Database } from "./database.ts";

/** Fails where what is acknowledged could be lost, or a text could not be kept. */
export async function verifyDatabase(database: Database): Promise<void> {
  const row = await database.statement((session) =>
    session.row<[string, string | null, string]>(
      `SELECT current_setting('synchronous_commit'), current_setting('fsync', true),
         current_setting('server_encoding')`,
    ),
  );
  const [synchronousCommit, fsync, encoding] = row!;
  if (synchronousCommit !== "on" || fsync === "off") {
    throw new StoreError(
      "unavailable",
      `${database.name} can't be written durably: synchronous_commit is ${synchronousCommit} ` +
        `and fsync is ${fsync}, where both must be on`,
    );
  }
  if (encoding !== "UTF8") {
    throw new StoreError(
      "unavailable",
      `${database.name} has the encoding ${encoding}: make the database with UTF8`,
    );
  }
}

/** Of several that begin at once, one gives the cluster its id. */
export async function beginCluster(database: Database, newClusterId: string): Promise<void> {
  const begun = { generation: 1, revision: 0, distributedRevision: 0, linkAssignmentsRevision: 0 };
  const row = HEAD.toRow({ clusterId: newClusterId, ...begun, digest: EMPTY_DIGEST });
  await database.transaction((session) =>
    session.insert(
      {
        table: "cluster",
        columns: ["id", ...HEAD.columns],
        onConflict: "ON CONFLICT (id) DO NOTHING",
      },
      [[1, ...row]],
    ),
  );
}
