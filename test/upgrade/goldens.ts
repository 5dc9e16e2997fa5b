/** Databases as earlier releases have written them; scripts/make-golden.mjs makes one. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { temporaryDirectory } from "../support/service.ts";

const DIRECTORY = fileURLToPath(new URL("../fixtures/databases/", import.meta.url));

export interface Golden {
  readonly name: string;
  readonly schema: number;
  /** When it was written: plans that it keeps have not expired then. */
  readonly madeAt: number;
  /** What its own release answered, by path. */
  readonly answers: Readonly<Record<string, unknown>>;
}

export const goldens: Golden[] = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith(".json"))
  .map((file) => {
    const { madeAt, answers } = JSON.parse(readFileSync(join(DIRECTORY, file), "utf8"));
    const name = file.replace(".json", "");
    return { name, schema: Number(name.split("-")[1]), madeAt: Date.parse(madeAt), answers };
  })
  .sort((a, b) => a.schema - b.schema);

/** A copy to work on. */
export function unpack({ name }: Golden): string {
  const file = join(temporaryDirectory(), "evenkeel.db");
  writeFileSync(file, gunzipSync(readFileSync(join(DIRECTORY, `${name}.db.gz`))));
  return file;
}

/** Every row of every table, and the schema itself. */
export function contentsOf(file: string): Record<string, unknown[]> {
  const database = new Database(file);
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck(true)
    .all();
  const contents = Object.fromEntries(
    ["sqlite_schema", ...tables].map((table) => [
      table,
      database.prepare(`SELECT * FROM ${table}`).raw(true).all(),
    ]),
  );
  // Where a table begins in the file is not content.
  contents.sqlite_schema = database.prepare("SELECT name, sql FROM sqlite_schema").raw(true).all();
  database.close();
  return contents;
}
