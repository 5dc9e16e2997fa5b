/**
 * Rows of a large change: durable in few pieces with the change, carried over into their tables
 * after it has been answered. Row by row, with all indexes, a million takes seconds.
 */
import { deserialize, serialize } from "node:v8";
import Database from "better-sqlite3";
import { rowCount } from "../../core/changed-rows.ts";
import type { MapChange } from "../../core/changes.ts";
import { rangeCount, rangesBetween } from "../../core/ranges.ts";
import { type MoveColumns, moveCount, movesBetween } from "../../core/rebalance/move-list.ts";
import { noRanges } from "../rows/a2c-columns.ts";
import { StoreError } from "../store-error.ts";
import type { A2cRows } from "./a2c-rows.ts";
import type { MoveRows } from "./move-rows.ts";
import { inTransaction } from "./transaction.ts";

/** Fewer rows go straight into their tables: that takes some hundredths of a second. */
const DEFERRED_ROWS_MIN = 10_000;
/** So many are carried over at once: other requests wait about a tenth of a second at most. */
const PIECE_ROWS = 50_000;

/**
 * As it stands in the file, with the columns of src/core as they are: another form takes another
 * `kind`, and a migration finds rows of this one. Either part may be absent.
 */
interface Rows {
  readonly kind: "rows-1";
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
  readonly #any: Database.Statement<[], 0 | 1>;
  readonly #first: Database.Statement<[], { number: number; content: Buffer }>;
  readonly #drop: Database.Statement<[number: number]>;

  constructor(database: Database.Database, tables: Destinations, rowsMin = DEFERRED_ROWS_MIN) {
    this.#database = database;
    this.#tables = tables;
    this.#rowsMin = rowsMin;
    this.#keep = database.prepare("INSERT INTO deferred_rows (content) VALUES (?)");
    this.#any = database
      .prepare<[], 0 | 1>("SELECT EXISTS (SELECT 1 FROM deferred_rows)")
      .pluck(true);
    this.#first = database.prepare(
      "SELECT number, content FROM deferred_rows ORDER BY number LIMIT 1",
    );
    this.#drop = database.prepare("DELETE FROM deferred_rows WHERE number = ?");
  }

  writeMaps(changes: readonly MapChange[], revision: number): void {
    const count = changes.reduce((sum, change) => sum + rowCount(change), 0);
    const isDeferred = this.#isDeferred(count);
    for (const piece of isDeferred ? piecesOf(changes) : [changes]) {
      this.#take(isDeferred, { kind: "rows-1", maps: { revision, changes: piece } });
    }
  }

  writeMoves(columns: MoveColumns, rebalance: number): void {
    const count = moveCount(columns);
    const isDeferred = this.#isDeferred(count);
    const rows = isDeferred ? PIECE_ROWS : Math.max(count, 1);
    for (let position = 0; position < count; position += rows) {
      const piece = movesBetween(columns, position, position + rows);
      this.#take(isDeferred, { kind: "rows-1", moves: { rebalance, position, columns: piece } });
    }
  }

  /** Carries over what has waited longest, in a transaction of its own; whether there was any. */
  carryOverOne(): boolean {
    const first = this.#first.get();
    if (!first) return false;
    try {
      inTransaction(this.#database, () => {
        this.#write(rowsOf(first.content));
        this.#drop.run(first.number);
      });
    } catch (error) {
      throw isOfTheDisk(error) ? error : damaged(this.#database.name, error as Error);
    }
    return true;
  }

  /** Whether there was anything. */
  carryOverAll(): boolean {
    let any = false;
    while (this.carryOverOne()) any = true;
    return any;
  }

  /** Rows go in the order in which they were decided, so that few wait behind many, too. */
  #isDeferred(count: number): boolean {
    return count > 0 && (count >= this.#rowsMin || this.#any.get() === 1);
  }

  #take(isDeferred: boolean, rows: Rows): void {
    if (isDeferred) this.#keep.run(serialize(rows));
    else this.#write(rows);
  }

  #write({ maps, moves }: Rows): void {
    if (maps) this.#tables.a2c.apply(maps.changes, maps.revision);
    if (moves) this.#tables.moves.add(moves.columns, moves.rebalance, moves.position);
  }
}

/** Pieces of about as many rows. What leaves a volume goes before what comes in its place. */
function* piecesOf(changes: readonly MapChange[]): Generator<MapChange[]> {
  let [piece, rows]: [MapChange[], number] = [[], 0];
  for (const part of partsOf(changes)) {
    piece.push(part);
    rows += rowCount(part);
    if (rows < PIECE_ROWS) continue;
    yield piece;
    [piece, rows] = [[], 0];
  }
  if (rows > 0) yield piece;
}

function* partsOf(changes: readonly MapChange[]): Generator<MapChange> {
  for (const change of changes) {
    if (rowCount(change) <= PIECE_ROWS) {
      yield change;
      continue;
    }
    const { volumeId, removed, added } = change;
    for (let from = 0; from < rangeCount(removed); from += PIECE_ROWS) {
      const part = rangesBetween(removed, from, from + PIECE_ROWS);
      yield { volumeId, removed: part, added: noRanges() };
    }
    for (let from = 0; from < rangeCount(added); from += PIECE_ROWS) {
      const part = rangesBetween(added, from, from + PIECE_ROWS);
      yield { volumeId, removed: noRanges(), added: part };
    }
  }
}

function rowsOf(content: Buffer): Rows {
  const rows = deserialize(content) as Rows;
  if (rows.kind !== "rows-1") throw new Error(`rows of the unknown kind ${String(rows.kind)}`);
  return rows;
}

/** Not a matter of what is written. */
function isOfTheDisk(error: unknown): boolean {
  if (error instanceof StoreError) return true;
  return error instanceof Database.SqliteError && !error.code.startsWith("SQLITE_CONSTRAINT");
}

function damaged(file: string, { message }: Error): StoreError {
  const what = "rows of a large change can't be brought from deferred_rows into their tables";
  return new StoreError(
    "unavailable",
    `${file} is damaged: ${what} (${message}): restore a backup`,
  );
}
