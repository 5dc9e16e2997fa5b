/** Fills an empty database with a whole store: all of it or nothing. */
import type { StateRecords } from "../../core/stored-state.ts";
import { RowDigest } from "../row-digest.ts";
import { ALL_TABLES, type WholeTable } from "../rows/all-tables.ts";
import type { SqlRow } from "../rows/columns.ts";
import type { Store } from "../store.ts";
import { StoreError } from "../store-error.ts";
import { append } from "./append.ts";
import { verifyDatabase } from "./begin.ts";
import { Database } from "./database.ts";
import { headRecords, newsSince } from "./history.ts";
import { migrateDatabase, POSTGRES_MIGRATIONS } from "./migrate.ts";
import { pagesOf } from "./pages.ts";
import type { Session } from "./session.ts";

export interface Filling {
  readonly url: string;
  /** Of each table, in pages. */
  readonly rowsOf: (table: WholeTable) => Iterable<SqlRow[]>;
  /** Called before it is committed, with what was read back: may append, or throw to undo it. */
  readonly beforeCommit: (
    records: StateRecords,
    store: Pick<Store, "isShared" | "append" | "news" | "load">,
  ) => Promise<void>;
}

/** The revisions come from elsewhere; no append of this database is looked for under it. */
const MOVED = "moved";

/** Tells how many rows there are. */
export async function fillDatabase({ url, rowsOf, beforeCommit }: Filling): Promise<number> {
  const database = new Database(url);
  try {
    await verifyDatabase(database);
    await migrateDatabase(database, POSTGRES_MIGRATIONS);
    return await database.transactionOnce(async (session) => {
      // What lies between two statements may take long here, and nobody waits for this one.
      await session.run("SET LOCAL idle_in_transaction_session_timeout = 0");
      await refuseFilled(session, database.name);
      let rows = 0;
      for (const table of ALL_TABLES) rows += await fillTable(session, table, rowsOf(table));
      const load = () => headRecords(session);
      await beforeCommit(await load(), {
        isShared: false,
        load,
        news: (since) => newsSince(session, since),
        append: (baseRevision, entries) =>
          append(session, { appendId: MOVED, baseRevision, entries }),
      });
      return rows;
    });
  } finally {
    await database.close();
  }
}

async function refuseFilled(session: Session, name: string): Promise<void> {
  if (!(await session.row("SELECT id FROM cluster"))) return;
  throw new StoreError("unavailable", `${name} holds a store already: name an empty database`);
}

async function fillTable(
  session: Session,
  { name, columns }: WholeTable,
  pages: Iterable<SqlRow[]>,
): Promise<number> {
  const [given, kept] = [new RowDigest(), new RowDigest()];
  const extra = name === "revisions" ? { append_id: MOVED } : {};
  const into = { table: name, columns: [...columns, ...Object.keys(extra)] };
  for (const page of pages) {
    given.add(page);
    await session.insert(
      into,
      page.map((row) => [...row, ...Object.values(extra)]),
    );
  }
  const select = `SELECT ${columns.join(", ")} FROM ${name}`;
  for await (const page of pagesOf(session, select)) kept.add(page);
  if (given.equals(kept)) return kept.count;
  throw new StoreError("unavailable", `${name} was not kept as it was given: nothing is moved`);
}
