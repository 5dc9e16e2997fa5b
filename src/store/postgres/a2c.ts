/** The A2C table, of which there may be a million rows: written and read in pages. */
import type { MapChange } from "../../core/changes.ts";
import { invariant } from "../../core/errors.ts";
import type { VolumeId } from "../../core/model.ts";
import { type RangeColumns, rangeCount } from "../../core/ranges.ts";
import { A2C_COLUMNS, type A2cRow, noRanges, RangesByVolume } from "../rows/a2c-columns.ts";
import type { Session } from "./session.ts";

/** A page takes some milliseconds of the event loop, and others run between two pages. */
const PAGE_ROWS = 5000;

/** Writes what a batch of decisions does to the table; new rows wait as those of other tables. */
export class A2cWriter {
  readonly #session: Session;
  #waiting = noColumns();
  #waitingVolumes = new Set<VolumeId>();

  constructor(session: Session) {
    this.#session = session;
  }

  async apply(maps: readonly MapChange[], revision: number): Promise<void> {
    for (const { volumeId, removed, added } of maps) {
      if (this.#waitingVolumes.has(volumeId)) await this.flush();
      await this.#close(volumeId, removed, revision);
      await this.#open(volumeId, added, revision);
    }
  }

  async flush(): Promise<void> {
    const { volumeId, firstLba, lastLba, cNodeId, fromRevision } = this.#waiting;
    if (volumeId.length > 0) {
      await this.#session.run(
        `INSERT INTO a2c_entries (${A2C_COLUMNS}, from_revision)
         SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], $5::int8[])`,
        [volumeId, firstLba, lastLba, cNodeId, fromRevision],
      );
    }
    this.#waiting = noColumns();
    this.#waitingVolumes = new Set();
  }

  async #close(volumeId: VolumeId, removed: RangeColumns, revision: number): Promise<void> {
    for (let from = 0; from < rangeCount(removed); from += PAGE_ROWS) {
      const firstLbas = [...removed.firstLba.subarray(from, from + PAGE_ROWS)];
      // The bounds let a large page be found by one walk along the index.
      const closed = await this.#session.run(
        `UPDATE a2c_entries SET to_revision = $1
         WHERE to_revision IS NULL AND volume_id = $2 AND first_lba >= $3 AND first_lba <= $4
           AND first_lba = ANY($5::int8[])`,
        [revision, volumeId, firstLbas[0], firstLbas.at(-1), firstLbas],
      );
      invariant(
        closed === firstLbas.length,
        `each row that leaves has one live row of ${volumeId} in a2c_entries`,
      );
    }
  }

  async #open(volumeId: VolumeId, added: RangeColumns, revision: number): Promise<void> {
    for (let i = 0; i < rangeCount(added); i++) {
      this.#waiting.volumeId.push(volumeId);
      this.#waiting.firstLba.push(added.firstLba[i]!);
      this.#waiting.lastLba.push(added.lastLba[i]!);
      this.#waiting.cNodeId.push(added.owners[added.owner[i]!]!);
      this.#waiting.fromRevision.push(revision);
      if (this.#waiting.volumeId.length === PAGE_ROWS) await this.flush();
    }
    if (this.#waiting.volumeId.length > 0) this.#waitingVolumes.add(volumeId);
  }
}

function noColumns() {
  return {
    volumeId: [] as string[],
    firstLba: [] as number[],
    lastLba: [] as number[],
    cNodeId: [] as string[],
    fromRevision: [] as number[],
  };
}

/** The head's rows by volume, in address order. */
export function liveRanges(session: Session): Promise<Map<VolumeId, RangeColumns>> {
  return rangesWhere(session, "to_revision IS NULL");
}

/** The rows that stand at `to` and came after `from`. */
export function rangesOpened(
  session: Session,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Map<VolumeId, RangeColumns>> {
  return rangesWhere(
    session,
    `from_revision > ${from} AND from_revision <= ${to}
     AND (to_revision IS NULL OR to_revision > ${to})`,
  );
}

/** The rows that came and that left with one revision, of every one of `volumeIds`. */
export async function mapChangesOf(
  session: Session,
  revision: number,
  volumeIds: readonly VolumeId[],
): Promise<MapChange[]> {
  const removed = await rangesWhere(session, `to_revision = ${revision}`);
  const added = await rangesWhere(session, `from_revision = ${revision}`);
  return volumeIds.map((volumeId) => ({
    volumeId,
    removed: removed.get(volumeId) ?? noRanges(),
    added: added.get(volumeId) ?? noRanges(),
  }));
}

/** By a cursor of the transaction; not every database takes parameters there. */
async function rangesWhere(session: Session, where: string): Promise<Map<VolumeId, RangeColumns>> {
  const ranges = new RangesByVolume();
  await session.run(
    `DECLARE ranges CURSOR FOR SELECT ${A2C_COLUMNS} FROM a2c_entries WHERE ${where}
     ORDER BY volume_id, first_lba`,
  );
  for (let size = PAGE_ROWS; size === PAGE_ROWS; ) {
    const page = await session.rows<A2cRow>(`FETCH ${PAGE_ROWS} FROM ranges`);
    ranges.add(page);
    size = page.length;
  }
  await session.run("CLOSE ranges");
  return ranges.build();
}
