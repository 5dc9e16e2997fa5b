/**
 * Brings a database to the schema of this program: numbered SQL files, forward only. The number of
 * the last one applied stands in a row that whoever migrates locks, so that of several processes
 * that start at once one goes first and the others find it done.
 */
import { fileURLToPath } from "node:url";
import { type Migration, readMigrations, refuseNewerVersion } from "../migrate.ts";
import { StoreError } from "../store-error.ts";
import type { Database } from "./database.ts";
import type { Session } from "./session.ts";

/** As far from `src/store/postgres` as from `dist/store/postgres`. */
export const POSTGRES_MIGRATIONS = fileURLToPath(
  new URL("../../../migrations/postgres", import.meta.url),
);

/** One that is on its way to be made by another process is there when that one is done. */
const ATTEMPTS_MAX = 10;

export async function migrateDatabase(database: Database, directory: string): Promise<void> {
  const migrations = readMigrations(directory);
  await makeVersionTable(database);
  for (const migration of migrations) {
    await database.transaction((session) => apply(session, migration));
  }
  const version = await database.statement(readVersion);
  refuseNewerVersion(version, migrations, database.name);
}

/** In a schema with nothing else in it: another program's tables would get ours beside them. */
async function makeVersionTable(database: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await database.statement(foundTables);
    if (found.includes("evenkeel_schema")) break;
    if (found.length > 0) {
      throw new StoreError(
        "unavailable",
        `${database.name} holds tables of another program: name an empty database or schema`,
      );
    }
    try {
      await database.statement((session) =>
        session.run(
          `CREATE TABLE IF NOT EXISTS evenkeel_schema (
             id INT8 PRIMARY KEY CHECK (id = 1), version INT8 NOT NULL)`,
        ),
      );
    } catch (error) {
      // Two that make a table at once collide in the catalogue, whatever IF NOT EXISTS says.
      if (attempt === ATTEMPTS_MAX) throw error;
    }
  }
  await database.statement((session) =>
    session.run("INSERT INTO evenkeel_schema (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING"),
  );
}

async function foundTables(session: Session): Promise<string[]> {
  const rows = await session.rows<[string]>(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()",
  );
  return rows.map(([name]) => name);
}

async function apply(session: Session, { version, sql }: Migration): Promise<void> {
  const current = await readVersion(session, "FOR UPDATE");
  if (current >= version) return;
  await session.script(sql);
  await session.run("UPDATE evenkeel_schema SET version = $1", [version]);
}

async function readVersion(session: Session, lock = ""): Promise<number> {
  const row = await session.row<[number]>(`SELECT version FROM evenkeel_schema ${lock}`);
  return row![0];
}
