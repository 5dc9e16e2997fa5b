import type Database from "better-sqlite3";
import { invariant } from "../../core/errors.ts";
import { MoveList } from "../../core/rebalance/move-list.ts";
import type { Move } from "../../core/rebalance/types.ts";
import type { SqlRow } from "../rows/columns.ts";
import { MOVES } from "../rows/records.ts";
import type { KeptRebalance, RebalanceChange, RebalanceRecord } from "../store.ts";
import { BulkStatement, tuples } from "./bulk.ts";
import type { PackedRebalance } from "./packed-rebalance.ts";

const MOVE_COLUMNS = MOVES.columns.join(", ");

type RebalanceRow = [id: string, document: string, moveCount: number];
type KeptRow = [...RebalanceRow, plan: string];
type NewRow = [...KeptRow, forgetAt: number | null];

/** The rebalances and their moves. */
export class RebalanceRows {
  readonly #add: Database.Statement<NewRow, number>;
  readonly #addMoves: BulkStatement;
  readonly #change: Database.Statement<[document: string, id: string]>;
  readonly #forgotten: Database.Statement<[now: number], number>;
  readonly #dropMoves: Database.Statement<{ number: number; count: number }>;
  readonly #drop: Database.Statement<[rebalance: number]>;
  readonly #one: Database.Statement<[id: string], KeptRow>;
  readonly #page: Database.Statement<[after: string, limit: number], RebalanceRow>;
  readonly #moves: Database.Statement<[id: string, offset: number, end: number], SqlRow>;

  constructor(database: Database.Database) {
    const fields = "id, document, move_count";
    this.#add = database
      .prepare<NewRow, number>(
        `INSERT INTO rebalances (${fields}, plan, forget_at) VALUES (?, ?, ?, ?, ?)
         RETURNING number`,
      )
      .pluck(true);
    this.#addMoves = new BulkStatement(
      database,
      (count) =>
        `INSERT INTO rebalance_moves (rebalance, position, ${MOVE_COLUMNS})
         VALUES ${tuples(count, MOVES.columns.length + 2)}`,
    );
    this.#change = database.prepare(
      "UPDATE rebalances SET document = ?, forget_at = NULL WHERE id = ?",
    );
    this.#forgotten = database
      .prepare<[now: number], number>(
        "SELECT number FROM rebalances WHERE forget_at <= ? ORDER BY forget_at LIMIT 1",
      )
      .pluck(true);
    this.#dropMoves = database.prepare(
      `DELETE FROM rebalance_moves WHERE rebalance = @number AND position < @count + (
         SELECT min(position) FROM rebalance_moves WHERE rebalance = @number)`,
    );
    this.#drop = database.prepare("DELETE FROM rebalances WHERE number = ?");
    this.#one = database
      .prepare<[string], KeptRow>(`SELECT ${fields}, plan FROM rebalances WHERE id = ?`)
      .raw(true);
    this.#page = database
      .prepare<[string, number], RebalanceRow>(
        `SELECT ${fields} FROM rebalances WHERE id > ? ORDER BY id LIMIT ?`,
      )
      .raw(true);
    this.#moves = database
      .prepare<[string, number, number], SqlRow>(
        `SELECT ${MOVE_COLUMNS} FROM rebalance_moves
         WHERE rebalance = (SELECT number FROM rebalances WHERE id = ?)
           AND position >= ? AND position < ? ORDER BY position`,
      )
      .raw(true);
  }

  write(rebalance: PackedRebalance | RebalanceChange): void {
    if ("moves" in rebalance) this.add(rebalance);
    else this.#changeDocument(rebalance);
  }

  add({ id, document, plan, moves, forgetAt }: PackedRebalance): void {
    const list = new MoveList(moves);
    const moveCount = list.length;
    const texts = [JSON.stringify(document), JSON.stringify(plan)] as const;
    const number = this.#add.get(id, texts[0], moveCount, texts[1], forgetAt ?? null)!;
    this.#addMoves.run(moveCount, (parameters, i) =>
      parameters.push(number, i, ...MOVES.toRow(list.at(i))),
    );
  }

  /** Deletes moves of one that need not be kept, at last the one itself; tells how many rows. */
  forget(now: number, rowsMax: number): number {
    const number = this.#forgotten.get(now);
    if (number === undefined) return 0;
    const { changes } = this.#dropMoves.run({ number, count: rowsMax });
    return changes > 0 ? changes : this.#drop.run(number).changes;
  }

  #changeDocument({ id, document }: RebalanceChange): void {
    const { changes } = this.#change.run(JSON.stringify(document), id);
    invariant(changes === 1, `rebalance ${id} is kept`);
  }

  one(id: string): KeptRebalance | undefined {
    const row = this.#one.get(id);
    if (!row) return undefined;
    const [, document, moveCount, plan] = row;
    return { ...recordOf([id, document, moveCount]), plan: JSON.parse(plan) };
  }

  page({ after, limit }: { after?: string; limit: number }): RebalanceRecord[] {
    return this.#page.all(after ?? "", limit).map(recordOf);
  }

  moves(id: string, { offset, limit }: { offset: number; limit: number }): Move[] {
    return this.#moves.all(id, offset, offset + limit).map(MOVES.fromRow);
  }
}

function recordOf([id, document, moveCount]: RebalanceRow): RebalanceRecord {
  return { id, document: JSON.parse(document), moveCount };
}
