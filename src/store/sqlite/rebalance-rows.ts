import type Database from "better-sqlite3";
import type { Move } from "../../core/rebalance/types.ts";
import type { RebalanceRecord } from "../store.ts";
import { rowCodec, type SqlRow } from "./columns.ts";
import { moveAt, type PackedRebalance } from "./move-columns.ts";

const MOVE = rowCodec<Move>({
  volumeId: "volume_id",
  firstLba: "first_lba",
  lastLba: "last_lba",
  fromCNodeId: "from_c_node_id",
  toCNodeId: "to_c_node_id",
});
const MOVE_COLUMNS = MOVE.columns.join(", ");

type RebalanceRow = [id: string, document: string, moveCount: number];

/** The rebalances and their moves. */
export class RebalanceRows {
  readonly #put: Database.Statement<RebalanceRow, number>;
  readonly #deleteMoves: Database.Statement<[rebalance: number]>;
  readonly #addMove: Database.Statement;
  readonly #one: Database.Statement<[id: string], RebalanceRow>;
  readonly #page: Database.Statement<[after: string, limit: number], RebalanceRow>;
  readonly #moves: Database.Statement<[id: string, offset: number, end: number], SqlRow>;

  constructor(database: Database.Database) {
    const select = "SELECT id, document, move_count FROM rebalances";
    this.#put = database
      .prepare<RebalanceRow, number>(
        `INSERT INTO rebalances (id, document, move_count) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document,
           move_count = excluded.move_count
         RETURNING number`,
      )
      .pluck(true);
    this.#deleteMoves = database.prepare("DELETE FROM rebalance_moves WHERE rebalance = ?");
    this.#addMove = database.prepare(
      `INSERT INTO rebalance_moves (rebalance, position, ${MOVE_COLUMNS})
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#one = database.prepare<[string], RebalanceRow>(`${select} WHERE id = ?`).raw(true);
    this.#page = database
      .prepare<[string, number], RebalanceRow>(`${select} WHERE id > ? ORDER BY id LIMIT ?`)
      .raw(true);
    this.#moves = database
      .prepare<[string, number, number], SqlRow>(
        `SELECT ${MOVE_COLUMNS} FROM rebalance_moves
         WHERE rebalance = (SELECT number FROM rebalances WHERE id = ?)
           AND position >= ? AND position < ? ORDER BY position`,
      )
      .raw(true);
  }

  /** Takes the place of an earlier one of this id: a dry run that is applied later. */
  put({ id, document, moves }: PackedRebalance): void {
    const moveCount = moves.firstLba.length;
    const number = this.#put.get(id, JSON.stringify(document), moveCount)!;
    this.#deleteMoves.run(number);
    for (let i = 0; i < moveCount; i++) {
      this.#addMove.run(number, i, ...MOVE.toRow(moveAt(moves, i)));
    }
  }

  one(id: string): RebalanceRecord | undefined {
    const row = this.#one.get(id);
    return row && recordOf(row);
  }

  page({ after, limit }: { after?: string; limit: number }): RebalanceRecord[] {
    return this.#page.all(after ?? "", limit).map(recordOf);
  }

  moves(id: string, { offset, limit }: { offset: number; limit: number }): Move[] {
    return this.#moves.all(id, offset, offset + limit).map(MOVE.fromRow);
  }
}

function recordOf([id, document, moveCount]: RebalanceRow): RebalanceRecord {
  return { id, document: JSON.parse(document), moveCount };
}
