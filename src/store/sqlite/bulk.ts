/**
 * Statements over many rows. Each call costs as much as the row that it writes, so a page of rows
 * goes into one statement, and only what is left over goes row by row.
 */
import type Database from "better-sqlite3";
import type { SqlValue } from "../rows/columns.ts";

/** Beyond this nothing is gained; SQLite takes 32,766 parameters in a statement. */
const PAGE_ROWS = 400;

/** Tells the statement over so many rows, as SQL. */
type SqlOf = (rows: number) => string;

export class BulkStatement {
  readonly #page: Database.Statement<SqlValue[]>;
  readonly #row: Database.Statement<SqlValue[]>;

  constructor(database: Database.Database, sqlOf: SqlOf) {
    this.#page = database.prepare(sqlOf(PAGE_ROWS));
    this.#row = database.prepare(sqlOf(1));
  }

  /** `push` adds the parameters of a row, `before` come once. Tells how many rows were changed. */
  run(
    rows: number,
    push: (parameters: SqlValue[], index: number) => void,
    before: readonly SqlValue[] = [],
  ): number {
    let changed = 0;
    for (let from = 0; from < rows; ) {
      const isPage = rows - from >= PAGE_ROWS;
      const end = from + (isPage ? PAGE_ROWS : 1);
      const parameters = [...before];
      for (let i = from; i < end; i++) push(parameters, i);
      changed += (isPage ? this.#page : this.#row).run(...parameters).changes;
      from = end;
    }
    return changed;
  }
}

/** `(?, ?), (?, ?)`: as many tuples as there are rows. */
export function tuples(rows: number, columns: number): string {
  return listOf(rows, `(${listOf(columns, "?")})`);
}

export function listOf(count: number, item: string): string {
  return Array(count).fill(item).join(", ");
}
