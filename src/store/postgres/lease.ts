/** Who distributes the tables: one row, by the database's clock. */
import type { LeaseWanted } from "../shared-store.ts";
import type { Session } from "./session.ts";

/** Milliseconds since 1970, as they pass within a transaction too. */
const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::int8";

export async function holdLease(
  session: Session,
  { holder, term, ttlMs }: LeaseWanted,
): Promise<number | undefined> {
  const row = await session.row<[number]>(
    `UPDATE distribution_lease SET holder = $1, expires_at = ${NOW} + $3,
       term = CASE WHEN term = $2 THEN term ELSE term + 1 END
     WHERE term = $2 OR expires_at <= ${NOW} RETURNING term`,
    [holder, term, ttlMs],
  );
  return row?.[0];
}

export async function releaseLease(session: Session, term: number): Promise<void> {
  await session.run("UPDATE distribution_lease SET expires_at = 0 WHERE term = $1", [term]);
}

/** Whether `term` is the last one, and no other begins before this transaction has ended. */
export async function keepTerm(session: Session, term: number): Promise<boolean> {
  const row = await session.row<[number]>("SELECT term FROM distribution_lease FOR SHARE");
  return row![0] === term;
}
