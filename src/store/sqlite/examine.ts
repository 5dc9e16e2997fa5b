/** Looks at a copy of the database, which nobody else has open, before anybody relies on it. */
import Database from "better-sqlite3";
import { soundStateOf } from "../../core/sound-state.ts";
import { readMigrations, refuseNewerSchema } from "../migrate.ts";
import { StoreError } from "../store-error.ts";
import { APPLICATION_ID } from "./connection.ts";
import { storeErrorOf } from "./failures.ts";
import { headRecords } from "./history.ts";
import { tablesOf } from "./tables.ts";

export interface Examined {
  readonly clusterId: string;
  readonly generation: number;
  readonly revision: number;
}

interface Copy {
  readonly file: string;
  readonly name: string;
}

/**
 * A copy of the present schema: its pages, its references and the state that it holds. Leaves it
 * as one file that needs no write-ahead log beside it.
 */
export function examineCopy(file: string): Examined {
  return withDatabase({ file, name: file }, (database) => {
    examinePages(database, file);
    const tables = tablesOf(database);
    if (tables.deferred.carryOverAll()) examinePages(database, file);
    const records = headRecords(tables);
    const found = soundStateOf(records);
    if ("broken" in found) throw damaged(file, found.broken);
    const { clusterId, generation, revision } = records;
    return { clusterId, generation, revision };
  });
}

/**
 * A file of this program, of whichever schema up to the present one, whose pages are sound. It is
 * told of by `name`.
 */
export function examineFile(copy: Copy): void {
  const { name } = copy;
  withDatabase(copy, (database) => {
    if (database.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
      throw new StoreError("unavailable", `${name} is not a database of this program`);
    }
    refuseNewerSchema(database, readMigrations(), name);
    examinePages(database, name);
  });
}

function withDatabase<Result>(
  { file, name }: Copy,
  work: (database: Database.Database) => Result,
): Result {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true });
    // Before anything is read: then no shared memory is used.
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("trusted_schema = OFF");
    database.pragma("cell_size_check = ON");
    const result = work(database);
    database.pragma("journal_mode = DELETE");
    return result;
  } catch (error) {
    throw storeErrorOf(error, name);
  } finally {
    database?.close();
  }
}

function examinePages(database: Database.Database, name: string): void {
  const found = database.pragma("integrity_check(1)", { simple: true });
  if (found !== "ok") throw damaged(name, String(found).replaceAll("\n", " "));
  const orphans = database.pragma("foreign_key_check") as unknown[];
  if (orphans.length > 0) throw damaged(name, `${orphans.length} broken foreign keys`);
}

function damaged(file: string, how: string): StoreError {
  return new StoreError("unavailable", `${file} is damaged: ${how}`);
}
