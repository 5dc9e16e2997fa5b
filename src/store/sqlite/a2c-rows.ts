import type Database from "better-sqlite3";
import type { MapChange } from "../../core/changes.ts";
import { invariant } from "../../core/errors.ts";
import type { CNodeId, VolumeId } from "../../core/model.ts";
import { type RangeColumns, RangeColumnsBuilder } from "../../core/ranges.ts";

type Row = [volumeId: VolumeId, firstLba: number, lastLba: number, cNodeId: CNodeId];

const COLUMNS = "volume_id, first_lba, last_lba, c_node_id";
const LIVE_PAGE_ROWS = 10_000;

interface PastPage {
  readonly revision: number;
  readonly volumeId: VolumeId;
  /** Begins after the row with this first address; −1: at the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** The A2C table, of which there may be a million rows: handed over in columns. */
export class A2cRows {
  readonly #open: Database.Statement<[...Row, revision: number]>;
  readonly #close: Database.Statement<[revision: number, volumeId: VolumeId, firstLba: number]>;
  readonly #livePage: Database.Statement<[volumeId: string, firstLba: number, limit: number], Row>;
  readonly #pastPage: Database.Statement<PastPage, Row>;
  readonly #opened: Database.Statement<[after: number, to: number, liveAt: number], Row>;
  readonly #closed: Database.Statement<[at: number], Row>;
  readonly #openedAt: Database.Statement<[at: number], Row>;

  constructor(database: Database.Database) {
    const rows = <Parameters extends unknown[]>(where: string) =>
      database
        .prepare<Parameters, Row>(
          `SELECT ${COLUMNS} FROM a2c_entries WHERE ${where} ORDER BY volume_id, first_lba`,
        )
        .raw(true);
    this.#open = database.prepare(
      `INSERT INTO a2c_entries (${COLUMNS}, from_revision) VALUES (?, ?, ?, ?, ?)`,
    );
    this.#close = database.prepare(
      `UPDATE a2c_entries SET to_revision = ?
       WHERE volume_id = ? AND first_lba = ? AND to_revision IS NULL`,
    );
    this.#livePage = database
      .prepare<[string, number, number], Row>(
        `SELECT ${COLUMNS} FROM a2c_entries
         WHERE to_revision IS NULL AND (volume_id, first_lba) > (?, ?)
         ORDER BY volume_id, first_lba LIMIT ?`,
      )
      .raw(true);
    // Both parts come in address order by their index, so no more is read than the page holds.
    this.#pastPage = database
      .prepare<PastPage, Row>(
        `SELECT ${COLUMNS} FROM a2c_entries
         WHERE to_revision IS NULL AND volume_id = @volumeId AND first_lba > @after
           AND from_revision <= @revision
         UNION ALL
         SELECT ${COLUMNS} FROM a2c_entries
         WHERE to_revision > @revision AND volume_id = @volumeId AND first_lba > @after
           AND from_revision <= @revision
         ORDER BY first_lba LIMIT @limit`,
      )
      .raw(true);
    this.#opened = rows(
      "from_revision > ? AND from_revision <= ? AND (to_revision IS NULL OR to_revision > ?)",
    );
    this.#closed = rows("to_revision = ?");
    this.#openedAt = rows("from_revision = ?");
  }

  apply(maps: readonly MapChange[], revision: number): void {
    for (const { volumeId, removed, added } of maps) {
      for (const firstLba of removed.firstLba) {
        const { changes } = this.#close.run(revision, volumeId, firstLba);
        invariant(changes === 1, `a2c_entries has one live row of ${volumeId} at ${firstLba}`);
      }
      const { firstLba, lastLba, owner, owners } = added;
      for (let i = 0; i < firstLba.length; i++) {
        this.#open.run(volumeId, firstLba[i]!, lastLba[i]!, owners[owner[i]!]!, revision);
      }
    }
  }

  /** The head's rows by volume, in address order. */
  live(): Map<VolumeId, RangeColumns> {
    return byVolume(this.#liveRows());
  }

  // Pages, because stepping through a statement row by row takes half as long again.
  *#liveRows(): IterableIterator<Row> {
    let last: readonly [volumeId: string, firstLba: number] = ["", -1];
    for (;;) {
      const page = this.#livePage.all(...last, LIVE_PAGE_ROWS);
      yield* page;
      const end = page.at(-1);
      if (!end || page.length < LIVE_PAGE_ROWS) return;
      last = [end[0], end[1]];
    }
  }

  /** A page of the rows of one volume that stood at a revision, in address order. */
  pageAt(page: PastPage): RangeColumns {
    const rows = this.#pastPage.all(page);
    return byVolume(rows).get(page.volumeId) ?? noRanges();
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

/** Not a constant: the buffers are handed to the other thread. */
export const noRanges = (): RangeColumns => new RangeColumnsBuilder().build();

/** `rows` come volume by volume. */
function byVolume(rows: Iterable<Row>): Map<VolumeId, RangeColumns> {
  const builders = new Map<VolumeId, RangeColumnsBuilder>();
  for (const [volumeId, firstLba, lastLba, cNodeId] of rows) {
    let builder = builders.get(volumeId);
    if (!builder) {
      builder = new RangeColumnsBuilder();
      builders.set(volumeId, builder);
    }
    builder.add({ firstLba, lastLba, cNodeId });
  }
  return new Map([...builders].map(([volumeId, builder]) => [volumeId, builder.build()]));
}
