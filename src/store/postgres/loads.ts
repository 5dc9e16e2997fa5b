/** The last reported load of each registered process. */
import { LOADS } from "../rows/records.ts";
import type { MeasuredLoad } from "../store.ts";
import { replacing, type Session } from "./session.ts";

const { columns } = LOADS;
const KEY = "process_id";
const REGISTERED = "SELECT id FROM processes WHERE to_revision IS NULL";

export async function putLoads(session: Session, loads: readonly MeasuredLoad[]): Promise<void> {
  const last = new Map(loads.map((load) => [load.processId, LOADS.toRow(load)]));
  const onConflict = replacing(KEY, columns);
  await session.insert({ table: "process_loads", columns, onConflict }, [...last.values()]);
  await session.run(`DELETE FROM process_loads WHERE ${KEY} NOT IN (${REGISTERED})`);
}

export async function allLoads(session: Session): Promise<MeasuredLoad[]> {
  const rows = await session.rows(
    `SELECT ${columns.join(", ")} FROM process_loads WHERE ${KEY} IN (${REGISTERED})
     ORDER BY ${KEY}`,
  );
  return rows.map(LOADS.fromRow);
}
