/**
 * Rows of a large change: durable in few pieces with the change, carried over into their tables
 * after it has been answered. Row by row, with all indexes, a million takes seconds.
 */
import { deserialize, serialize } from "node:v8";
import type Database from "better-sqlite3";
import type { MapChange } from "../../core/changes.ts";
import { rangeCount, rangesBetween } from "../../core/ranges.ts";
import { type MoveColumns, moveCount, movesBetween } from "../../core/rebalance/move-list.ts";
import { noRanges } from "../rows/a2c-columns.ts";
import type { A2cRows } from "./a2c-rows.ts";
import type { MoveRows } from "./move-rows.ts";
import { inTransaction } from "./transaction.ts";

/** Fewer rows go straight into their tables: that takes some hundredths of a second. */
export const DEFERRED_ROWS_MIN = 10_000;
/** So many are carried over at once: other requests wait about a tenth of a second at most. */
const PIECE_ROWS = 50_000;

/** Either part may be absent. */
interface Rows {
  readonly maps?: { readonly revision: number; readonly changes: readonly MapChange[] };
  readonly moves?: {
    readonly rebalance: number;
    /** Of the first one. */
    readonly position: number;
    readonly columns: MoveColumns;
  };
}

interface Destinations {
  readonly a2c: A2cRows;
  readonly moves: MoveRows;
}

export class DeferredRows {
  readonly #database: Database.Database;
  readonly #tables: Destinations;
  readonly #rowsMin: number;
  readonly #keep: Database.Statement<[content: Buffer]>;
  readonly #first: Database.Statement<[], { number: number; content: Buffer }>;
  readonly #drop: Database.Statement<[number: number]>;

  constructor(database: Database.Database, tables: Destinations, rowsMin = DEFERRED_ROWS_MIN) {
    this.#database = database;
    this.#tables = tables;
    this.#rowsMin = rowsMin;
    this.#keep = database.prepare("INSERT INTO deferred_rows (content) VALUES (?)");
    this.#first = database.prepare(
      "SELECT number, content FROM deferred_rows ORDER BY number LIMIT 1",
    );
    this.#drop = database.prepare("DELETE FROM deferred_rows WHERE number = ?");
  }

  writeMaps(changes: readonly MapChange[], revision: number): void {
    const count = changes.reduce((sum, { removed, added }) => {
      return sum + rangeCount(removed) + rangeCount(added);
    }, 0);
    const rowsOf = (pieces: readonly MapChange[]) => ({ maps: { revision, changes: pieces } });
    if (!this.#isDeferred(count)) {
      this.#write(rowsOf(changes));
      return;
    }
    for (const piece of piecesOf(changes)) this.#keep.run(serialize(rowsOf([piece])));
  }

  writeMoves(columns: MoveColumns, rebalance: number): void {
    const count = moveCount(columns);
    if (!this.#isDeferred(count)) {
      this.#write({ moves: { rebalance, position: 0, columns } });
      return;
    }
    for (let position = 0; position < count; position += PIECE_ROWS) {
      const piece = movesBetween(columns, position, position + PIECE_ROWS);
      this.#keep.run(serialize({ moves: { rebalance, position, columns: piece } } satisfies Rows));
    }
  }

  /** Carries over what has waited longest, in a transaction of its own; whether there was any. */
  carryOverOne(): boolean {
    const first = this.#first.get();
    if (!first) return false;
    inTransaction(this.#database, () => {
      this.#write(deserialize(first.content));
      this.#drop.run(first.number);
    });
    return true;
  }

  carryOverAll(): void {
    while (this.carryOverOne());
  }

  /** Rows go in the order in which they were decided, so that few wait behind many, too. */
  #isDeferred(count: number): boolean {
    return count > 0 && (count >= this.#rowsMin || this.#first.get() !== undefined);
  }

  #write({ maps, moves }: Rows): void {
    if (maps) this.#tables.a2c.apply(maps.changes, maps.revision);
    if (moves) this.#tables.moves.add(moves.columns, moves.rebalance, moves.position);
  }
}

/** What leaves a volume goes before what comes in its place. */
function* piecesOf(changes: readonly MapChange[]): Generator<MapChange> {
  for (const { volumeId, removed, added } of changes) {
    for (let from = 0; from < rangeCount(removed); from += PIECE_ROWS) {
      const piece = rangesBetween(removed, from, from + PIECE_ROWS);
      yield { volumeId, removed: piece, added: noRanges() };
    }
    for (let from = 0; from < rangeCount(added); from += PIECE_ROWS) {
      const piece = rangesBetween(added, from, from + PIECE_ROWS);
      yield { volumeId, removed: noRanges(), added: piece };
    }
  }
}
