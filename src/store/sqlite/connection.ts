/**
 * Opens the database file so that what it acknowledges is durable and nobody else writes it.
 * The connection keeps SQLite's exclusive lock until it is closed.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { EMPTY_DIGEST } from "../../core/digest.ts";
import { migrate, readMigrations, refuseNewerSchema, schemaVersion } from "../migrate.ts";
import { StoreError } from "../store-error.ts";
import { storeErrorOf } from "./failures.ts";
import { makePrivateFile } from "./private-file.ts";
import { syncDirectory } from "./sync-directory.ts";

export interface ConnectionOptions {
  readonly file: string;
  /** Given to a cluster that begins with this file. */
  readonly newClusterId: string;
  readonly migrationsDirectory?: string | undefined;
}

/** How long an open waits for a predecessor that is just closing the file. */
export const BUSY_TIMEOUT_MS = 500;
/** A large transaction leaves a large write-ahead log, which is cut to this afterwards. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
/** As the first migration sets it. */
export const APPLICATION_ID = 0x45564b4c;
/** The value of `PRAGMA synchronous` that means FULL. */
const SYNCHRONOUS_FULL = 2;

/** Every failure is a `StoreError` that says in a line what is wrong with which file. */
export function openConnection(options: ConnectionOptions): Database.Database {
  const file = resolve(options.file);
  refuseMissingDirectory(file);
  refuseUnwritable(file);
  makePrivateFile(file);
  const opened = inodeOf(file);
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    prepare(database, options, () => refuseReplaced(file, opened));
    return database;
  } catch (error) {
    database?.close();
    throw storeErrorOf(error, file);
  }
}

function prepare(
  database: Database.Database,
  options: ConnectionOptions,
  onLocked: () => void,
): void {
  // Before anything is read: then the first access takes the lock and no shared memory is used.
  database.pragma("locking_mode = EXCLUSIVE");
  database.pragma("trusted_schema = OFF");
  database.pragma("cell_size_check = ON");
  const migrations = readMigrations(options.migrationsDirectory);
  refuseNewerSchema(database, migrations);
  refuseForeignFile(database);
  onLocked();
  // From here on the file is written.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT_BYTES}`);
  migrate(database, migrations);
  database.pragma("foreign_keys = ON");
  beginCluster(database, options.newClusterId);
  verifyDurability(database);
  syncDirectory(dirname(database.name));
}

function refuseMissingDirectory(file: string): void {
  const directory = dirname(file);
  if (existsSync(directory)) return;
  throw new StoreError(
    "unavailable",
    `the directory ${directory} of the database does not exist: create it or set DATABASE_URL ` +
      "to another file",
  );
}

/** Beforehand, because of a file that it can only read SQLite says no more than "I/O error". */
function refuseUnwritable(file: string): void {
  for (const path of [dirname(file), file].filter(existsSync)) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch {
      throw new StoreError(
        "unavailable",
        `${path} can't be written: give this user the right to read and write the database's ` +
          "file and its directory",
      );
    }
  }
}

/** Nothing where it has been taken away meanwhile. */
function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/**
 * Who waited for the lock of a database that was being replaced by a backup has the old file, and
 * would put its log beside the new one.
 */
function refuseReplaced(file: string, opened: number | undefined): void {
  if (inodeOf(file) === opened) return;
  throw new StoreError("unavailable", `${file} was replaced while it was opened: start once more`);
}

/** Another program's database would otherwise be given our tables. */
export function refuseForeignFile(database: Database.Database, name = database.name): void {
  const isEmpty = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
  const isOurs = database.pragma("application_id", { simple: true }) === APPLICATION_ID;
  if (isOurs || (isEmpty && schemaVersion(database) === 0)) return;
  throw new StoreError(
    "unavailable",
    `${name} is a database of another program: set DATABASE_URL to another file`,
  );
}

function beginCluster(database: Database.Database, newClusterId: string): void {
  database
    .prepare(
      `INSERT INTO cluster (id, cluster_id, generation, revision, distributed_revision,
         link_assignments_revision, digest)
       VALUES (1, ?, 1, 0, 0, 0, ?) ON CONFLICT (id) DO NOTHING`,
    )
    .run(newClusterId, EMPTY_DIGEST);
}

/**
 * Read back after a write, because better-sqlite3 is built to fall to NORMAL in WAL mode, and then
 * a power failure loses acknowledged rows. The write also proves that the file can be written.
 */
function verifyDurability(database: Database.Database): void {
  database.exec("UPDATE cluster SET revision = revision");
  const journalMode = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journalMode === "wal" && synchronous === SYNCHRONOUS_FULL) return;
  throw new StoreError(
    "unavailable",
    `${database.name} can't be written durably: journal_mode is ${journalMode} and synchronous ` +
      `is ${synchronous}, where wal and ${SYNCHRONOUS_FULL} are needed`,
  );
}
