/** The tables as they were at an older revision. */
import type { CNodeId, ProcessId } from "../../core/model.ts";
import type { Ownership } from "../../core/ownership.ts";
import type { RangeColumns } from "../../core/ranges.ts";
import type { Address, PastTables, RangePage } from "../revisions.ts";
import { A2C_COLUMNS, type A2cRow, byVolume, noRanges } from "../rows/a2c-columns.ts";
import { LINK_ASSIGNMENTS, PROCESSES, VOLUMES } from "../rows/versioned-tables.ts";
import { keeps, readBounds } from "./head.ts";
import { figuresAt } from "./revisions.ts";
import type { Session } from "./session.ts";
import { recordsAt } from "./versioned.ts";

export async function tablesAt(
  session: Session,
  revision: number,
): Promise<PastTables | undefined> {
  const figures = (await keeps(session, revision)) && (await figuresAt(session, revision));
  if (!figures) return undefined;
  return {
    revision,
    ...figures,
    processes: await recordsAt(session, PROCESSES, revision),
    volumes: await recordsAt(session, VOLUMES, revision),
    linkAssignments: await recordsAt(session, LINK_ASSIGNMENTS, revision),
  };
}

export async function rangesAt(
  session: Session,
  revision: number,
  { volumeId, after = -1, limit }: RangePage,
): Promise<RangeColumns | undefined> {
  if (!(await keeps(session, revision))) return undefined;
  const rows = await session.rows<A2cRow>(
    `SELECT ${A2C_COLUMNS} FROM a2c_entries
     WHERE volume_id = $1 AND first_lba > $2 AND from_revision <= $3
       AND (to_revision IS NULL OR to_revision > $3)
     ORDER BY first_lba LIMIT $4`,
    [volumeId, after, revision, limit],
  );
  return byVolume(rows).get(volumeId) ?? noRanges();
}

export async function ownersOf(
  session: Session,
  address: Address,
  { closedBy, limit }: { closedBy?: number | undefined; limit: number },
): Promise<Ownership[]> {
  const { floorRevision } = await readBounds(session);
  const rows: Ownership[] = [];
  for (let position = closedBy; rows.length < limit; position = rows.at(-1)!.fromRevision) {
    // What was closed before the floor is on its way out.
    if (position !== undefined && position < floorRevision) break;
    const row = await ownerOf(session, address, position);
    if (!row) break;
    rows.push(row);
  }
  return rows;
}

type OwnerRow = readonly [
  firstLba: number,
  lastLba: number,
  cNodeId: CNodeId,
  fromRevision: number,
  processId: ProcessId | null,
];

/** The row that holds an address, or held it until `closedBy`; who hosted its C-node then. */
async function ownerOf(
  session: Session,
  { volumeId, lba }: Address,
  closedBy: number | undefined,
): Promise<Ownership | undefined> {
  const isLive = closedBy === undefined;
  const row = await session.row<OwnerRow>(
    `SELECT first_lba, last_lba, c_node_id, from_revision,
       (SELECT id FROM processes
        WHERE processes.c_node_id = a2c_entries.c_node_id AND processes.from_revision < $3
        ORDER BY processes.from_revision DESC LIMIT 1)
     FROM a2c_entries
     WHERE ${isLive ? "to_revision IS NULL" : "to_revision = $3"}
       AND volume_id = $1 AND first_lba <= $2
     ORDER BY first_lba DESC LIMIT 1`,
    [volumeId, lba, closedBy ?? Number.MAX_SAFE_INTEGER],
  );
  if (!row || row[1] < lba) return undefined;
  const [firstLba, lastLba, cNodeId, fromRevision, processId] = row;
  const owned = { firstLba, lastLba, cNodeId, fromRevision, toRevision: closedBy };
  return { ...owned, processId: processId ?? undefined };
}
