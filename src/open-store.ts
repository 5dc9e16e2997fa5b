/** Opens the store that DATABASE_URL names. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseConfig } from "./config.ts";
import { openPostgresStore } from "./store/postgres/open.ts";
import { withReadTurns } from "./store/read-turns.ts";
import { fileSizes } from "./store/sqlite/file-sizes.ts";
import { openSqliteStore } from "./store/sqlite/open.ts";
import { syncDirectory } from "./store/sqlite/sync-directory.ts";
import type { Store } from "./store/store.ts";

export interface StoreParts {
  readonly database: DatabaseConfig;
  /** Called when the store has failed in a way that only a restart can clear. */
  readonly onFailure: (error: Error) => void;
  /** Where the compiled program is. */
  readonly programRoot: URL;
}

/** PostgreSQL fails in no such way: what is unknown of it can be looked up. */
export async function openStore({ database, onFailure, programRoot }: StoreParts): Promise<Store> {
  const newClusterId = randomUUID();
  if (database.engine === "postgres") return openPostgresStore({ url: database.url, newClusterId });
  const { file, isDefault } = database;
  if (isDefault) {
    const made = mkdirSync(dirname(file), { recursive: true });
    if (made !== undefined) syncDirectory(dirname(made));
  }
  const workerUrl = new URL("store/sqlite/worker.js", programRoot);
  return withReadTurns(await openSqliteStore({ file, newClusterId, onFailure, workerUrl }));
}

/** Of the files of SQLite, by what they are; PostgreSQL's are for its own metrics. */
export async function storeBytes(
  database: DatabaseConfig,
): Promise<Readonly<Record<string, number>>> {
  return database.engine === "sqlite" ? fileSizes(database.file) : {};
}
