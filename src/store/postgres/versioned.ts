/** The records of the tables with `from_revision` and `to_revision`, but for the A2C table. */
import { invariant } from "../../core/errors.ts";
import type { Difference } from "../../core/sorted-map.ts";
import type { RowCodec, SqlRow } from "../rows/columns.ts";
import { joinVersions } from "../rows/joined.ts";
import type { VersionedTable } from "../rows/versioned-tables.ts";
import type { Session } from "./session.ts";

/**
 * Writes what a batch of decisions does to one table. New rows wait, so that those of many
 * decisions go in one statement; but not beyond a decision that closes one of them.
 */
export class VersionedWriter<Key extends string, Fields> {
  readonly #session: Session;
  readonly #table: VersionedTable<Key, Fields>;
  #waiting = new Map<Key, SqlRow>();

  constructor(session: Session, table: VersionedTable<Key, Fields>) {
    this.#session = session;
    this.#table = table;
  }

  async apply(differences: readonly Difference<Key, Fields>[], revision: number): Promise<void> {
    const { codec } = this.#table;
    const closed = differences.filter(({ before }) => before !== undefined).map(({ key }) => key);
    if (closed.some((key) => this.#waiting.has(key))) await this.flush();
    if (closed.length > 0) await this.#close(closed, revision);
    for (const { key, after } of differences) {
      if (after !== undefined) this.#waiting.set(key, [...codec.toRow(after), revision]);
    }
  }

  async flush(): Promise<void> {
    const { name, codec } = this.#table;
    const columns = [...codec.columns, "from_revision"];
    await this.#session.insert({ table: name, columns }, [...this.#waiting.values()]);
    this.#waiting = new Map();
  }

  async #close(keys: readonly Key[], revision: number): Promise<void> {
    const { name, keyColumn } = this.#table;
    const count = await this.#session.run(
      `UPDATE ${name} SET to_revision = $1
       WHERE to_revision IS NULL AND ${keyColumn} = ANY($2::text[])`,
      [revision, keys],
    );
    invariant(count === keys.length, `${name} has one live row of ${keys.slice(0, 3)}`);
  }
}

/** In key order. */
export async function liveRecords<Key extends string, Fields>(
  session: Session,
  table: VersionedTable<Key, Fields>,
): Promise<Fields[]> {
  const rows = await session.rows(
    `${selectFrom(table)} WHERE to_revision IS NULL ORDER BY ${table.keyColumn}`,
  );
  return rows.map(table.codec.fromRow);
}

/** In key order. Two reads, since one would look at every row that there ever was. */
export async function recordsAt<Key extends string, Fields>(
  session: Session,
  table: VersionedTable<Key, Fields>,
  revision: number,
): Promise<Fields[]> {
  const select = selectFrom(table);
  const rows = await session.rows(
    `${select} WHERE to_revision IS NULL AND from_revision <= $1
     UNION ALL ${select} WHERE to_revision > $1 AND from_revision <= $1
     ORDER BY ${table.keyColumn}`,
    [revision],
  );
  return rows.map(table.codec.fromRow);
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the table held at two revisions of the keys that changed after `from`, in key order. */
export async function differencesOf<Key extends string, Fields>(
  session: Session,
  table: VersionedTable<Key, Fields>,
  { from, to }: Span,
): Promise<Difference<Key, Fields>[]> {
  const select = selectFrom(table);
  const before = await session.rows(
    `${select} WHERE to_revision > $1 AND to_revision <= $2 AND from_revision <= $1`,
    [from, to],
  );
  const after = await session.rows(
    `${select} WHERE from_revision > $1 AND from_revision <= $2
       AND (to_revision IS NULL OR to_revision > $2)`,
    [from, to],
  );
  const { fromRow } = table.codec;
  return joinVersions(table, before.map(fromRow), after.map(fromRow));
}

function selectFrom<Fields>({ name, codec }: { name: string; codec: RowCodec<Fields> }): string {
  return `SELECT ${codec.columns.join(", ")} FROM ${name}`;
}
