/** The rebalances and their moves. */
import { invariant } from "../../core/errors.ts";
import type { Move } from "../../core/rebalance/types.ts";
import type {
  KeptRebalance,
  NewRebalance,
  RebalanceRecord,
  RebalanceToStore,
} from "../rebalances.ts";
import { MOVES } from "../rows/records.ts";
import { PAGE_ROWS } from "./pages.ts";
import type { Session } from "./session.ts";

type RebalanceRow = [id: string, document: string, moveCount: number];

const SELECTED = "id, document, move_count";
const MOVE_COLUMNS = MOVES.columns.join(", ");

export async function writeRebalance(session: Session, rebalance: RebalanceToStore): Promise<void> {
  if ("moves" in rebalance) return addRebalance(session, rebalance);
  const { id, document } = rebalance;
  const changed = await session.run(
    "UPDATE rebalances SET document = $1, forget_at = NULL WHERE id = $2",
    [JSON.stringify(document), id],
  );
  invariant(changed === 1, `rebalance ${id} is kept`);
}

export async function addRebalance(
  session: Session,
  { id, document, plan, moves, forgetAt }: NewRebalance,
): Promise<void> {
  await session.run(
    `INSERT INTO rebalances (${SELECTED}, plan, forget_at) VALUES ($1, $2, $3, $4, $5)`,
    [id, JSON.stringify(document), moves.length, JSON.stringify(plan), forgetAt],
  );
  for (let from = 0; from < moves.length; from += PAGE_ROWS) {
    const page = moves.slice(from, from + PAGE_ROWS);
    await session.run(
      `INSERT INTO rebalance_moves (rebalance_id, position, ${MOVE_COLUMNS})
       SELECT $1, $2 + place - 1, ${MOVE_COLUMNS}
       FROM unnest($3::text[], $4::int8[], $5::int8[], $6::text[], $7::text[])
         WITH ORDINALITY AS moves (${MOVE_COLUMNS}, place)`,
      [
        ...[id, from, page.map(({ volumeId }) => volumeId)],
        ...[page.map(({ firstLba }) => firstLba), page.map(({ lastLba }) => lastLba)],
        ...[page.map(({ fromCNodeId }) => fromCNodeId), page.map(({ toCNodeId }) => toCNodeId)],
      ],
    );
  }
}

export async function rebalanceOf(
  session: Session,
  id: string,
): Promise<KeptRebalance | undefined> {
  const row = await session.row<[...RebalanceRow, plan: string]>(
    `SELECT ${SELECTED}, plan FROM rebalances WHERE id = $1`,
    [id],
  );
  if (!row) return undefined;
  const [, document, moveCount, plan] = row;
  return { ...recordOf([id, document, moveCount]), plan: JSON.parse(plan) };
}

export async function pageOfRebalances(
  session: Session,
  { after = "", limit }: { after?: string; limit: number },
): Promise<RebalanceRecord[]> {
  const rows = await session.rows<RebalanceRow>(
    `SELECT ${SELECTED} FROM rebalances WHERE id > $1 ORDER BY id LIMIT $2`,
    [after, limit],
  );
  return rows.map(recordOf);
}

export async function movesOf(
  session: Session,
  id: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<Move[]> {
  const rows = await session.rows(
    `SELECT ${MOVE_COLUMNS} FROM rebalance_moves
     WHERE rebalance_id = $1 AND position >= $2 AND position < $3 ORDER BY position`,
    [id, offset, offset + limit],
  );
  return rows.map(MOVES.fromRow);
}

/** Deletes moves of one that need not be kept, at last the one itself; tells how many rows. */
export async function forgetRebalance(
  session: Session,
  now: number,
  rowsMax: number,
): Promise<number> {
  const forgotten = await session.row<[string]>(
    "SELECT id FROM rebalances WHERE forget_at <= $1 ORDER BY forget_at LIMIT 1 FOR UPDATE",
    [now],
  );
  if (!forgotten) return 0;
  const [id] = forgotten;
  const moves = await session.run(
    `DELETE FROM rebalance_moves WHERE rebalance_id = $1 AND position < $2::int8 + (
       SELECT min(position) FROM rebalance_moves WHERE rebalance_id = $1)`,
    [id, rowsMax],
  );
  return moves > 0 ? moves : session.run("DELETE FROM rebalances WHERE id = $1", [id]);
}

function recordOf([id, document, moveCount]: RebalanceRow): RebalanceRecord {
  return { id, document: JSON.parse(document), moveCount };
}
