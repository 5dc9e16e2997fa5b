/** Where a service of a test keeps its store. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { newSchema, POSTGRES_URL } from "./postgres.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Engine {
  readonly name: string;
  /** Of a store of its own, which goes after the test. */
  newUrl(): Promise<string>;
}

const SQLITE: Engine = {
  name: "SQLite",
  newUrl: async () => `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`,
};

const POSTGRES: Engine = {
  name: "PostgreSQL",
  newUrl: async () => {
    const { url, remove } = await newSchema();
    onTestFinished(remove);
    return url;
  },
};

/** Those that are here. */
export const ENGINES: readonly Engine[] = POSTGRES_URL ? [SQLITE, POSTGRES] : [SQLITE];

/** `TEST_ENGINE=postgres` runs what is not particular to an engine on the other one. */
export function newDatabaseUrl(): Promise<string> {
  return (process.env.TEST_ENGINE === "postgres" ? POSTGRES : SQLITE).newUrl();
}
