import type Database from "better-sqlite3";
import { invariant } from "../../core/errors.ts";
import { moveCount } from "../../core/rebalance/move-list.ts";
import type { KeptRebalance, RebalanceChange, RebalanceRecord } from "../rebalances.ts";
import type { DeferredRows } from "./deferred-rows.ts";
import type { MoveRows } from "./move-rows.ts";
import type { PackedRebalance } from "./packed-rebalance.ts";

type RebalanceRow = [id: string, document: string, moveCount: number];
type KeptRow = [...RebalanceRow, plan: string];
type NewRow = [...KeptRow, forgetAt: number | null];

interface Moves {
  readonly rows: MoveRows;
  readonly deferred: DeferredRows;
}

/** The rebalances; their moves have a table of their own. */
export class RebalanceRows {
  readonly #moves: Moves;
  readonly #add: Database.Statement<NewRow, number>;
  readonly #change: Database.Statement<[document: string, id: string]>;
  readonly #forgotten: Database.Statement<[now: number], number>;
  readonly #drop: Database.Statement<[rebalance: number]>;
  readonly #one: Database.Statement<[id: string], KeptRow>;
  readonly #page: Database.Statement<[after: string, limit: number], RebalanceRow>;

  constructor(database: Database.Database, moves: Moves) {
    this.#moves = moves;
    const fields = "id, document, move_count";
    this.#add = database
      .prepare<NewRow, number>(
        `INSERT INTO rebalances (${fields}, plan, forget_at) VALUES (?, ?, ?, ?, ?)
         RETURNING number`,
      )
      .pluck(true);
    this.#change = database.prepare(
      "UPDATE rebalances SET document = ?, forget_at = NULL WHERE id = ?",
    );
    this.#forgotten = database
      .prepare<[now: number], number>(
        "SELECT number FROM rebalances WHERE forget_at <= ? ORDER BY forget_at LIMIT 1",
      )
      .pluck(true);
    this.#drop = database.prepare("DELETE FROM rebalances WHERE number = ?");
    this.#one = database
      .prepare<[string], KeptRow>(`SELECT ${fields}, plan FROM rebalances WHERE id = ?`)
      .raw(true);
    this.#page = database
      .prepare<[string, number], RebalanceRow>(
        `SELECT ${fields} FROM rebalances WHERE id > ? ORDER BY id LIMIT ?`,
      )
      .raw(true);
  }

  write(rebalance: PackedRebalance | RebalanceChange): void {
    if ("moves" in rebalance) this.add(rebalance);
    else this.#changeDocument(rebalance);
  }

  add({ id, document, plan, moves, forgetAt }: PackedRebalance): void {
    const texts = [JSON.stringify(document), JSON.stringify(plan)] as const;
    const number = this.#add.get(id, texts[0], moveCount(moves), texts[1], forgetAt ?? null)!;
    this.#moves.deferred.writeMoves(moves, number);
  }

  /** Deletes moves of one that need not be kept, at last the one itself; tells how many rows. */
  forget(now: number, rowsMax: number): number {
    const number = this.#forgotten.get(now);
    if (number === undefined) return 0;
    const dropped = this.#moves.rows.drop(number, rowsMax);
    return dropped > 0 ? dropped : this.#drop.run(number).changes;
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
}

function recordOf([id, document, moveCount]: RebalanceRow): RebalanceRecord {
  return { id, document: JSON.parse(document), moveCount };
}
