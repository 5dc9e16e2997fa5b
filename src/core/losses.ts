/** Which storage servers a change takes addresses from (distribution, hand-over). */
import type { Changes, MapChange } from "./changes.ts";
import { type ClusterState, processOfCNode } from "./cluster-state.ts";
import type { StorageServerId } from "./model.ts";
import { type RangeColumns, rangeCount } from "./ranges.ts";
import type { Difference, SortedMap } from "./sorted-map.ts";

/**
 * For each storage server that lost addresses in this generation, the last revision in which it
 * did: `after`'s, with what `changes` take from servers added as lost in `revision`. Addresses
 * that go from one C-node of a server to another stay with the server.
 */
export function lostRevisionsAfter(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
  revision: number,
): SortedMap<StorageServerId, number> {
  let lost = after.lostRevisions;
  for (const change of changes.maps) {
    for (const server of serversThatLose(before, after, change)) {
      if (after.storageServers.has(server)) lost = lost.with(server, revision);
    }
  }
  return lost;
}

/** The servers whose last loss differs; all of them where a generation begins. */
export function lossesBetween(
  before: ClusterState,
  after: ClusterState,
): Difference<StorageServerId, number>[] {
  if (before.generation === after.generation) {
    return before.lostRevisions.differences(after.lostRevisions);
  }
  return [...after.lostRevisions.entries()].map(([key, revision]) => ({ key, after: revision }));
}

/** A server loses where less of a range that left comes back to it than the range held. */
function serversThatLose(
  before: ClusterState,
  after: ClusterState,
  { removed, added }: MapChange,
): Set<StorageServerId> {
  const [giving, taking] = [serversOf(before, removed), serversOf(after, added)];
  const losing = new Set<StorageServerId>();
  let j = 0;
  for (let i = 0; i < rangeCount(removed); i++) {
    const [first, last] = [removed.firstLba[i]!, removed.lastLba[i]!];
    const server = giving[removed.owner[i]!];
    let kept = 0;
    while (j < rangeCount(added) && added.lastLba[j]! < first) j++;
    for (let k = j; k < rangeCount(added) && added.firstLba[k]! <= last; k++) {
      if (taking[added.owner[k]!] !== server) continue;
      kept += Math.min(last, added.lastLba[k]!) - Math.max(first, added.firstLba[k]!) + 1;
    }
    if (server !== undefined && kept < last - first + 1) losing.add(server);
  }
  return losing;
}

function serversOf(state: ClusterState, { owners }: RangeColumns) {
  return owners.map((cNodeId) => processOfCNode(state, cNodeId)?.storageServerId);
}
