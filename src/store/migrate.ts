/**
 * Brings a database to the schema of this program: numbered SQL files, forward only, each in a
 * transaction of its own. The number of the last one applied stands in `PRAGMA user_version`.
 *
 * What a large change has deferred (deferred_rows) is carried over afterwards, into the new schema:
 * a migration that changes what a2c_entries or rebalance_moves hold finds them without it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Database from "better-sqlite3";
import { invariant } from "../core/errors.ts";
import { StoreError } from "./store-error.ts";

export interface Migration {
  /** 1, 2, 3 … */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** `migrations/` at the top of the project: as far from `src/store` as from `dist/store`. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL("../../migrations", import.meta.url));

const MIGRATION_FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** The migrations in a directory, in order; other files in it are left alone. */
export function readMigrations(directory: string = MIGRATIONS_DIRECTORY): Migration[] {
  const names = readdirSync(directory).filter((name) => MIGRATION_FILE.test(name));
  invariant(names.length > 0, `${directory} holds migrations`);
  return names.sort().map((name, index) => {
    const version = Number(MIGRATION_FILE.exec(name)![1]);
    invariant(version === index + 1, `migrations are numbered without gaps, at ${name}`);
    return { version, name, sql: readFileSync(join(directory, name), "utf8") };
  });
}

export function schemaVersion(database: Database.Database): number {
  return database.pragma("user_version", { simple: true }) as number;
}

/** Throws a `StoreError` where the schema is newer than the newest of `migrations`. */
export function refuseNewerSchema(
  database: Database.Database,
  migrations: readonly Migration[],
  name = database.name,
): void {
  refuseNewerVersion(schemaVersion(database), migrations, name);
}

export function refuseNewerVersion(
  version: number,
  migrations: readonly Migration[],
  name: string,
): void {
  if (version <= migrations.length) return;
  throw new StoreError(
    "unavailable",
    `${name} has schema version ${version}, and the newest that this program knows is ` +
      `${migrations.length}: start the version of the program that wrote it, or restore a backup`,
  );
}

/** Applies what is missing. Leaves `foreign_keys` off: whoever opens the database sets it. */
export function migrate(database: Database.Database, migrations: readonly Migration[]): void {
  const current = schemaVersion(database);
  // With foreign keys on, a migration that rebuilds a table would delete its children; and they
  // can't be switched inside a transaction.
  database.pragma("foreign_keys = OFF");
  for (const migration of migrations) {
    if (migration.version > current) apply(database, migration);
  }
}

function apply(database: Database.Database, { version, name, sql }: Migration): void {
  database
    .transaction(() => {
      database.exec(sql);
      const broken = database.pragma("foreign_key_check") as unknown[];
      invariant(broken.length === 0, `${name} leaves ${broken.length} broken foreign keys`);
      database.pragma(`user_version = ${version}`);
    })
    .immediate();
}
