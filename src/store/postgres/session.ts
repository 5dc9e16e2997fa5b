/** One connection, for a statement or a transaction. */
import pg from "pg";
import type { SqlRow, SqlValue } from "../rows/columns.ts";
import type { StoreError } from "../store-error.ts";
import { failureOf } from "./failures.ts";

/** An array goes to `unnest` or `ANY`. */
export type Parameter = SqlValue | undefined | readonly string[] | readonly number[];

/** So many parameters fit into a statement with room to spare; PostgreSQL takes 65,535. */
const PARAMETERS_MAX = 8000;

export class Session {
  readonly #client: Pick<pg.ClientBase, "query">;
  readonly #name: string;
  #isUsable = true;

  constructor(client: Pick<pg.ClientBase, "query">, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Whether the connection may serve others: its last statement was answered. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Fails with a `StoreError`. */
  async query(text: string, parameters: readonly Parameter[] = []): Promise<pg.QueryArrayResult> {
    try {
      const values = parameters.map(storable);
      return await this.#client.query({ text, values, rowMode: "array" });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** After an error that is not an answer of the server nobody knows where the connection is. */
  #failure(error: unknown): StoreError {
    this.#isUsable = error instanceof pg.DatabaseError;
    return failureOf(error, this.#name);
  }

  async rows<Row extends SqlRow = SqlRow>(
    text: string,
    parameters?: readonly Parameter[],
  ): Promise<Row[]> {
    return (await this.query(text, parameters)).rows as unknown as Row[];
  }

  async row<Row extends SqlRow = SqlRow>(
    text: string,
    parameters?: readonly Parameter[],
  ): Promise<Row | undefined> {
    return (await this.rows<Row>(text, parameters))[0];
  }

  /** Tells how many rows were changed. */
  async run(text: string, parameters?: readonly Parameter[]): Promise<number> {
    return (await this.query(text, parameters)).rowCount ?? 0;
  }

  /** Several statements. */
  async script(text: string): Promise<void> {
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Puts rows in, many with each statement; `onConflict` says what becomes of known ones. */
  async insert(
    { table, columns, onConflict = "" }: InsertInto,
    rows: readonly SqlRow[],
  ): Promise<void> {
    const pageRows = Math.floor(PARAMETERS_MAX / columns.length);
    for (let from = 0; from < rows.length; from += pageRows) {
      const page = rows.slice(from, from + pageRows);
      await this.run(
        `INSERT INTO ${table} (${columns.join(", ")})
         VALUES ${tuples(page.length, columns.length)} ${onConflict}`,
        page.flat(),
      );
    }
  }
}

export interface InsertInto {
  readonly table: string;
  readonly columns: readonly string[];
  readonly onConflict?: string;
}

/** `ON CONFLICT … DO UPDATE` that takes everything from the new row. */
export function replacing(key: string, columns: readonly string[]): string {
  const others = columns.filter((column) => column !== key);
  const changes = others.map((column) => `${column} = excluded.${column}`);
  return `ON CONFLICT (${key}) DO UPDATE SET ${changes.join(", ")}`;
}

/** `($1, $2), ($3, $4)` */
function tuples(rows: number, columns: number): string {
  let next = 1;
  const places = () => Array.from({ length: columns }, () => `$${next++}`).join(", ");
  return Array.from({ length: rows }, () => `(${places()})`).join(", ");
}

/** PostgreSQL's texts hold no NUL, which only what others have sent can contain: it is shown. */
function storable(value: Parameter): unknown {
  return typeof value === "string" && value.includes("\0")
    ? value.replaceAll("\0", "\u2400")
    : value;
}
