import type { SqlRow } from "../rows/columns.ts";
import type { Session } from "./session.ts";

/** A page takes some milliseconds of the event loop, and others run between two pages. */
export const PAGE_ROWS = 5000;

/** What a query finds, by a cursor of the transaction. Not every database takes parameters there. */
export async function* pagesOf<Row extends SqlRow = SqlRow>(
  session: Session,
  select: string,
): AsyncGenerator<Row[]> {
  await session.run(`DECLARE pages CURSOR FOR ${select}`);
  for (let size = PAGE_ROWS; size === PAGE_ROWS; ) {
    const page = await session.rows<Row>(`FETCH ${PAGE_ROWS} FROM pages`);
    size = page.length;
    yield page;
  }
  await session.run("CLOSE pages");
}
