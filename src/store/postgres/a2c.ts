/** The A2C table, of which there may be a million rows: written and read in pages. */
import type { MapChange } from "../../core/changes.ts";
import { invariant } from "../../core/errors.ts";
import type { VolumeId } from "../../core/model.ts";
import { type RangeColumns, rangeCount } from "../../core/ranges.ts";
import { A2C_COLUMNS, type A2cRow, noRanges, RangesByVolume } from "../rows/a2c-columns.ts";
import { PAGE_ROWS, pagesOf } from "./pages.ts";
import type { Session } from "./session.ts";
import type { Span } from "./versioned.ts";

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
  { from, to }: Span,
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

async function rangesWhere(session: Session, where: string): Promise<Map<VolumeId, RangeColumns>> {
  const ranges = new RangesByVolume();
  const select = `SELECT ${A2C_COLUMNS} FROM a2c_entries WHERE ${where}
    ORDER BY volume_id, first_lba`;
  for await (const page of pagesOf<A2cRow>(session, select)) ranges.add(page);
  return ranges.build();
}
