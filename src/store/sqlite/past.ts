/** The tables as they were at an older revision. */
import type { RangeColumns } from "../../core/ranges.ts";
import type { PastTables, RangePage } from "../store.ts";
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
  return tables.a2c.pageAt({ revision, volumeId, after, limit });
}
