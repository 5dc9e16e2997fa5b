/** Which storage servers a change takes addresses from (distribution, hand-over). */
import { rowCount } from "./changed-rows.ts";
import type { Changes, MapChange } from "./changes.ts";
import { type ClusterState, processOfCNode } from "./cluster-state.ts";
import type { CNodeId, StorageServerId } from "./model.ts";
import { rangeCount } from "./ranges.ts";
import type { Difference, SortedMap } from "./sorted-map.ts";
import { Pace, type Steps } from "./steps.ts";

/** Rows that are compared in one step, a few milliseconds' worth. */
const ROWS_PER_STEP = 32_768;

/**
 * For each storage server that lost addresses in this generation, the last revision in which it
 * did: `after`'s, with what `changes` take from servers added as lost in `revision`. Addresses
 * that go from one C-node of a server to another stay with the server. In steps between volumes.
 */
export function* lostRevisionsAfter(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
  revision: number,
): Steps<SortedMap<StorageServerId, number>> {
  const losing = new Set<StorageServerId>();
  const pace = new Pace(ROWS_PER_STEP);
  const giverOf = serverOfCNode(before);
  const takerOf = before.processes === after.processes ? giverOf : serverOfCNode(after);
  for (const change of changes.maps) {
    const { removed, added } = change;
    const giving = removed.owners.map(giverOf);
    const isSame = takerOf === giverOf && added.owners === removed.owners;
    const taking = isSame ? giving : added.owners.map(takerOf);
    addServersThatLose(losing, { removed, giving, added, taking });
    if (pace.isTimeForPause(rowCount(change))) yield;
  }
  let lost = after.lostRevisions;
  for (const server of losing) {
    if (after.storageServers.has(server)) lost = lost.with(server, revision);
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

/** The rows of a volume that left and came, with the servers of their owners. */
interface Exchange extends Pick<MapChange, "removed" | "added"> {
  readonly giving: readonly (StorageServerId | undefined)[];
  readonly taking: readonly (StorageServerId | undefined)[];
}

/** A server loses where less of a range that left comes back to it than the range held. */
function addServersThatLose(
  losing: Set<StorageServerId>,
  { removed, giving, added, taking }: Exchange,
): void {
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
}

/** Each looked up once: a hundred volumes may all be owned by the same ten thousand C-nodes. */
function serverOfCNode(state: ClusterState): (id: CNodeId) => StorageServerId | undefined {
  const known = new Map<CNodeId, StorageServerId | undefined>();
  return (cNodeId) => {
    const found = known.get(cNodeId);
    if (found !== undefined || known.has(cNodeId)) return found;
    const server = processOfCNode(state, cNodeId)?.storageServerId;
    known.set(cNodeId, server);
    return server;
  };
}
