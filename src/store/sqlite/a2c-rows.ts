import type Database from "better-sqlite3";
import type { MapChange } from "../../core/changes.ts";
import { invariant } from "../../core/errors.ts";
import type { VolumeId } from "../../core/model.ts";
import type { RangeColumns } from "../../core/ranges.ts";
import { A2C_COLUMNS, type A2cRow, byVolume, noRanges } from "../rows/a2c-columns.ts";
import { BulkStatement, tuples } from "./bulk.ts";

const LIVE_PAGE_ROWS = 10_000;

/** The A2C table, of which there may be a million rows: handed over in columns. */
export class A2cRows {
  readonly #open: BulkStatement;
  readonly #close: BulkStatement;
  readonly #livePage: Database.Statement<
    [volumeId: string, firstLba: number, limit: number],
    A2cRow
  >;
  readonly #opened: Database.Statement<[after: number, to: number, liveAt: number], A2cRow>;
  readonly #closed: Database.Statement<[at: number], A2cRow>;
  readonly #openedAt: Database.Statement<[at: number], A2cRow>;

  readonly #prune: Database.Statement<[floor: number, limit: number]>;

  constructor(database: Database.Database) {
    const rows = <Parameters extends unknown[]>(where: string) =>
      database
        .prepare<Parameters, A2cRow>(
          `SELECT ${A2C_COLUMNS} FROM a2c_entries WHERE ${where} ORDER BY volume_id, first_lba`,
        )
        .raw(true);
    this.#open = new BulkStatement(
      database,
      (count) =>
        `INSERT INTO a2c_entries (${A2C_COLUMNS}, from_revision) VALUES ${tuples(count, 5)}`,
    );
    this.#close = new BulkStatement(
      database,
      (count) =>
        `UPDATE a2c_entries SET to_revision = ?
         WHERE to_revision IS NULL AND volume_id = ? AND first_lba IN ${tuples(1, count)}`,
    );
    this.#livePage = database
      .prepare<[string, number, number], A2cRow>(
        `SELECT ${A2C_COLUMNS} FROM a2c_entries
         WHERE to_revision IS NULL AND (volume_id, first_lba) > (?, ?)
         ORDER BY volume_id, first_lba LIMIT ?`,
      )
      .raw(true);
    this.#prune = database.prepare(
      `DELETE FROM a2c_entries WHERE rowid IN (
         SELECT rowid FROM a2c_entries WHERE to_revision < ? LIMIT ?)`,
    );
    this.#opened = rows(
      "from_revision > ? AND from_revision <= ? AND (to_revision IS NULL OR to_revision > ?)",
    );
    this.#closed = rows("to_revision = ?");
    this.#openedAt = rows("from_revision = ?");
  }

  apply(maps: readonly MapChange[], revision: number): void {
    for (const { volumeId, removed, added } of maps) {
      const count = removed.firstLba.length;
      const closed = this.#close.run(
        count,
        (parameters, i) => parameters.push(removed.firstLba[i]!),
        [revision, volumeId],
      );
      invariant(closed === count, `each row of ${volumeId} that leaves is live in a2c_entries`);
      const { firstLba, lastLba, owner, owners } = added;
      this.#open.run(firstLba.length, (parameters, i) =>
        parameters.push(volumeId, firstLba[i]!, lastLba[i]!, owners[owner[i]!]!, revision),
      );
    }
  }

  /** Deletes rows that stood at no revision from the one before `floor` on; tells how many. */
  prune(floor: number, limit: number): number {
    return this.#prune.run(floor, limit).changes;
  }

  /** The head's rows by volume, in address order. */
  live(): Map<VolumeId, RangeColumns> {
    return byVolume(this.#liveRows());
  }

  // Pages, because stepping through a statement row by row takes half as long again.
  *#liveRows(): IterableIterator<A2cRow> {
    let last: readonly [volumeId: string, firstLba: number] = ["", -1];
    for (;;) {
      const page = this.#livePage.all(...last, LIVE_PAGE_ROWS);
      yield* page;
      const end = page.at(-1);
      if (!end || page.length < LIVE_PAGE_ROWS) return;
      last = [end[0], end[1]];
    }
  }

  /** The rows that stand at `to` and came after `from`. */
  openedBetween(from: number, to: number): Map<VolumeId, RangeColumns> {
    return byVolume(this.#opened.iterate(from, to, to));
  }

  /** The rows that came and that left with one revision, of every one of `volumeIds`. */
  changesOf(revision: number, volumeIds: readonly VolumeId[]): MapChange[] {
    const removed = byVolume(this.#closed.iterate(revision));
    const added = byVolume(this.#openedAt.iterate(revision));
    return volumeIds.map((volumeId) => ({
      volumeId,
      removed: removed.get(volumeId) ?? noRanges(),
      added: added.get(volumeId) ?? noRanges(),
    }));
  }
}
