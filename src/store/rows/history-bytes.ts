/**
 * About how much of the file a revision takes for as long as it is kept: its heading, and the rows
 * that it closed, with their entries in indexes. Measured with ids of some 18 characters.
 */
import type { Changes } from "../../core/changes.ts";
import { rangeCount } from "../../core/ranges.ts";

const HEADING_BYTES = 200;
const A2C_ROW_BYTES = 160;
const RECORD_BYTES = 240;

export function historyBytes(changes: Changes): number {
  const { maps, storageServers, processes, links, linkAssignments, volumes } = changes;
  const ranges = maps.reduce((sum, { removed }) => sum + rangeCount(removed), 0);
  const records = [storageServers, processes, links, linkAssignments, volumes]
    .flat()
    .filter(({ before }) => before !== undefined).length;
  return HEADING_BYTES + A2C_ROW_BYTES * ranges + RECORD_BYTES * records;
}
