/** `npm run migrate-store -- --from sqlite:FILE --to postgres://…`. */
import { parseArgs } from "node:util";
import { type DatabaseConfig, readDatabaseUrl } from "../config.ts";
import { StartError } from "../start-error.ts";
import { StoreError } from "../store/store-error.ts";
import { migrateStore } from "./migrate-store.ts";

const USAGE =
  "npm run migrate-store -- --from sqlite:data/evenkeel.db --to postgres://host/database";

try {
  const { from, to } = readArguments(process.argv.slice(2));
  const moved = await migrateStore({ from, to, now: Date.now() });
  process.stdout.write(
    `evenkeel: ${moved.rows} rows of ${from} are moved, revision ${moved.revision}, generation ` +
      `${moved.generation}, ${moved.digest}: start the service with the new DATABASE_URL, and ` +
      "never again with the old one\n",
  );
} catch (error) {
  if (!(error instanceof StartError || error instanceof StoreError)) throw error;
  process.stderr.write(`evenkeel: ${error.message}\n`);
  process.exitCode = 1;
}

function readArguments(args: readonly string[]): { from: string; to: string } {
  const from = databaseIn(args, "from");
  const to = databaseIn(args, "to");
  if (from.engine === "sqlite" && to.engine === "postgres") return { from: from.file, to: to.url };
  throw new StartError(`a store is moved from sqlite: to postgres:// alone: ${USAGE}`);
}

function databaseIn(args: readonly string[], name: "from" | "to"): DatabaseConfig {
  const option = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { from: option, to: option } });
    const url = values[name];
    if (url !== undefined) return readDatabaseUrl(url, `--${name}`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`${(error as Error).message}: ${USAGE}`);
  }
  throw new StartError(`--${name} is missing: ${USAGE}`);
}
