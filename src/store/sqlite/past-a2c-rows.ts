import type Database from "better-sqlite3";
import type { CNodeId, ProcessId, VolumeId } from "../../core/model.ts";
import type { Ownership } from "../../core/ownership.ts";
import type { RangeColumns } from "../../core/ranges.ts";
import type { Address } from "../revisions.ts";
import { A2C_COLUMNS, type A2cRow, byVolume, noRanges } from "../rows/a2c-columns.ts";

/** The row that holds `lba`, if `lastLba` reaches so far; process and revisions beside it. */
interface OwnerRow {
  readonly firstLba: number;
  readonly lastLba: number;
  readonly cNodeId: CNodeId;
  readonly fromRevision: number;
  readonly processId: ProcessId | null;
}

interface PastPage {
  readonly revision: number;
  readonly volumeId: VolumeId;
  /** Begins after the row with this first address; −1: at the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** The A2C table as it was. */
export class PastA2cRows {
  readonly #pastPage: Database.Statement<PastPage, A2cRow>;
  readonly #liveOwner: Database.Statement<[Address], OwnerRow>;
  readonly #pastOwner: Database.Statement<[Address & { closedBy: number }], OwnerRow>;

  constructor(database: Database.Database) {
    // Both parts come in address order by their index, so no more is read than the page holds.
    this.#pastPage = database
      .prepare<PastPage, A2cRow>(
        `SELECT ${A2C_COLUMNS} FROM a2c_entries
         WHERE to_revision IS NULL AND volume_id = @volumeId AND first_lba > @after
           AND from_revision <= @revision
         UNION ALL
         SELECT ${A2C_COLUMNS} FROM a2c_entries
         WHERE to_revision > @revision AND volume_id = @volumeId AND first_lba > @after
           AND from_revision <= @revision
         ORDER BY first_lba LIMIT @limit`,
      )
      .raw(true);
    this.#liveOwner = database.prepare(ownerAt("to_revision IS NULL", Number.MAX_SAFE_INTEGER));
    this.#pastOwner = database.prepare(ownerAt("to_revision = @closedBy", "@closedBy"));
  }

  /** A page of the rows of one volume that stood at a revision, in address order. */
  pageAt(page: PastPage): RangeColumns {
    const rows = this.#pastPage.all(page);
    return byVolume(rows).get(page.volumeId) ?? noRanges();
  }

  /** The row that holds an address, or held it until `closedBy`. */
  rowOf(address: Address, closedBy: number | undefined): Ownership | undefined {
    const row =
      closedBy === undefined
        ? this.#liveOwner.get(address)
        : this.#pastOwner.get({ ...address, closedBy });
    if (!row || row.lastLba < address.lba) return undefined;
    return { ...row, processId: row.processId ?? undefined, toRevision: closedBy };
  }
}

/** The last row that begins at or before `@lba`, and who hosted its C-node right before `until`. */
function ownerAt(where: string, until: number | string): string {
  return `SELECT first_lba AS firstLba, last_lba AS lastLba, c_node_id AS cNodeId,
      from_revision AS fromRevision,
      (SELECT id FROM processes
       WHERE processes.c_node_id = a2c_entries.c_node_id AND processes.from_revision < ${until}
       ORDER BY processes.from_revision DESC LIMIT 1) AS processId
    FROM a2c_entries WHERE ${where} AND volume_id = @volumeId AND first_lba <= @lba
    ORDER BY first_lba DESC LIMIT 1`;
}
