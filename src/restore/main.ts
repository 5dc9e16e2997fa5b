/** `npm run restore -- FILE`: puts a backup in the place of the database of DATABASE_URL. */
import { fileErrorOf } from "../backup/file-errors.ts";
import { readConfig } from "../config.ts";
import { StartError } from "../start-error.ts";
import { StoreError } from "../store/store-error.ts";
import { restoreBackup } from "./restore.ts";

try {
  const { database } = readConfig(process.env);
  if (database.engine !== "sqlite") {
    throw new StartError(
      "DATABASE_URL names PostgreSQL, which is restored with pg_restore, while the service is " +
        "stopped; begin a new generation afterwards (POST /v1/generation)",
    );
  }
  const [file, ...others] = process.argv.slice(2);
  if (file === undefined || others.length > 0) {
    throw new StartError("name one backup: npm run restore -- data/backups/evenkeel-….db");
  }
  const target = database.file;
  const { generation, revision, replaced } = await restoreBackup({
    file,
    target,
    now: Date.now(),
    processId: process.pid,
    workerUrl: new URL("../store/sqlite/worker.js", import.meta.url),
  });
  const kept = replaced === undefined ? "" : `; what was there is ${replaced}`;
  process.stdout.write(
    `evenkeel: ${target} is ${file} now, revision ${revision}, generation ${generation}${kept}\n`,
  );
} catch (thrown) {
  const error = fileErrorOf(thrown, "a file of the restore");
  if (!(error instanceof StartError || error instanceof StoreError)) throw error;
  process.stderr.write(`evenkeel: ${error.message}\n`);
  process.exitCode = 1;
}
