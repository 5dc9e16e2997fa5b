import type Database from "better-sqlite3";
import { type MoveColumns, MoveList, moveCount } from "../../core/rebalance/move-list.ts";
import type { SqlRow } from "../rows/columns.ts";
import { MOVES } from "../rows/records.ts";
import { BulkStatement, tuples } from "./bulk.ts";

const MOVE_COLUMNS = MOVES.columns.join(", ");

export interface MovesPage {
  readonly offset: number;
  readonly limit: number;
}

/** The moves of all rebalances, which go by their number. */
export class MoveRows {
  readonly #add: BulkStatement;
  readonly #drop: Database.Statement<{ rebalance: number; count: number }>;
  readonly #page: Database.Statement<[id: string, offset: number, end: number], SqlRow>;
  readonly #lacks: Database.Statement<{ id: string; offset: number; end: number }, 0 | 1>;

  constructor(database: Database.Database) {
    this.#add = new BulkStatement(
      database,
      (count) =>
        `INSERT INTO rebalance_moves (rebalance, position, ${MOVE_COLUMNS})
         VALUES ${tuples(count, MOVES.columns.length + 2)}`,
    );
    this.#drop = database.prepare(
      `DELETE FROM rebalance_moves WHERE rebalance = @rebalance AND position < @count + (
         SELECT min(position) FROM rebalance_moves WHERE rebalance = @rebalance)`,
    );
    this.#page = database
      .prepare<[string, number, number], SqlRow>(
        `SELECT ${MOVE_COLUMNS} FROM rebalance_moves
         WHERE rebalance = (SELECT number FROM rebalances WHERE id = ?)
           AND position >= ? AND position < ? ORDER BY position`,
      )
      .raw(true);
    this.#lacks = database
      .prepare<{ id: string; offset: number; end: number }, 0 | 1>(
        `SELECT EXISTS (
           SELECT 1 FROM rebalances WHERE id = @id AND move_count > @offset AND NOT EXISTS (
             SELECT 1 FROM rebalance_moves
             WHERE rebalance = number AND position = min(@end, move_count) - 1))`,
      )
      .pluck(true);
  }

  /** `position` is that of the first one. */
  add(moves: MoveColumns, rebalance: number, position: number): void {
    const list = new MoveList(moves);
    this.#add.run(moveCount(moves), (parameters, i) =>
      parameters.push(rebalance, position + i, ...MOVES.toRow(list.at(i))),
    );
  }

  /** The first so many that are left; tells how many there were. */
  drop(rebalance: number, count: number): number {
    return this.#drop.run({ rebalance, count }).changes;
  }

  /** Whether the last of those that are asked for is not here, or not yet. */
  lacks(id: string, { offset, limit }: MovesPage): boolean {
    return this.#lacks.get({ id, offset, end: offset + limit }) === 1;
  }

  of(id: string, { offset, limit }: MovesPage): MoveColumns {
    return MoveList.of(this.#page.all(id, offset, offset + limit).map(MOVES.fromRow)).columns;
  }
}
