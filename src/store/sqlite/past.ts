/** The tables as they were at an older revision. */
import type { Ownership } from "../../core/ownership.ts";
import type { RangeColumns } from "../../core/ranges.ts";
import type { Address, PastTables, RangePage } from "../revisions.ts";
import type { Tables } from "./tables.ts";

export function tablesAt(tables: Tables, revision: number): PastTables | undefined {
  const figures = tables.cluster.keeps(revision) && tables.revisions.figuresAt(revision);
  if (!figures) return undefined;
  return {
    revision,
    ...figures,
    processes: tables.processes.at(revision),
    volumes: tables.volumes.at(revision),
    linkAssignments: tables.linkAssignments.at(revision),
  };
}

export function rangesAt(
  tables: Tables,
  revision: number,
  { volumeId, after = -1, limit }: RangePage,
): RangeColumns | undefined {
  if (!tables.cluster.keeps(revision)) return undefined;
  return tables.pastA2c.pageAt({ revision, volumeId, after, limit });
}

export function ownersOf(
  tables: Tables,
  address: Address,
  { closedBy, limit }: { closedBy?: number | undefined; limit: number },
): Ownership[] {
  const { floorRevision } = tables.cluster.bounds();
  const rows: Ownership[] = [];
  for (let position = closedBy; rows.length < limit; position = rows.at(-1)!.fromRevision) {
    // What was closed before the floor is on its way out.
    if (position !== undefined && position < floorRevision) break;
    const row = tables.pastA2c.rowOf(address, position);
    if (!row) break;
    rows.push(row);
  }
  return rows;
}
