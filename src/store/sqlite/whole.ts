/** A store in a file, whole, for whoever moves it elsewhere. Nobody else can open it meanwhile. */
import { statSync } from "node:fs";
import type Database from "better-sqlite3";
import type { StateRecords } from "../../core/stored-state.ts";
import type { WholeTable } from "../rows/all-tables.ts";
import type { SqlRow } from "../rows/columns.ts";
import { StoreError } from "../store-error.ts";
import { openConnection } from "./connection.ts";
import { createEngine } from "./engine.ts";
import { storeErrorOf } from "./failures.ts";
import type { Engine } from "./protocol.ts";

export interface WholeStore {
  readonly name: string;
  load(): StateRecords;
  /** In pages. */
  rowsOf(table: WholeTable): IterableIterator<SqlRow[]>;
  close(): void;
}

const PAGE_ROWS = 2000;

/** Brings the file to the schema of this program, as a start of the service does. */
export function openWholeStore(file: string): WholeStore {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new StoreError("unavailable", `there is no database ${file}`);
  }
  // There is a cluster in it, so this id is not used; one without is as good as any that begins.
  const database = openConnection({ file, newClusterId: "moved" });
  const engine = engineOn(database);
  return {
    name: file,
    load: () => engine.load(),
    *rowsOf(table) {
      let page: SqlRow[] = [];
      try {
        const rows = database.prepare<[], SqlRow>(selectAll(table)).raw(true).iterate();
        for (const row of rows) {
          page.push(row);
          if (page.length < PAGE_ROWS) continue;
          yield page;
          page = [];
        }
      } catch (error) {
        throw storeErrorOf(error, file);
      }
      yield page;
    },
    close: () => engine.close(),
  };
}

function engineOn(database: Database.Database): Engine {
  try {
    return createEngine(database);
  } catch (error) {
    database.close();
    throw storeErrorOf(error, database.name);
  }
}

/** Moves go by the number of their rebalance here. */
function selectAll({ name, columns, order }: WholeTable): string {
  const selected = columns.map((column) =>
    column === "rebalance_id" ? "(SELECT id FROM rebalances WHERE number = rebalance)" : column,
  );
  return `SELECT ${selected.join(", ")} FROM ${name} ${order ? `ORDER BY ${order}` : ""}`;
}
