/**
 * The independent checker: what must hold of every state, told by other code than the code that
 * made it. The whole is checked at start and in tests, each change before it is committed.
 */
import type { Changes, MapChange } from "./changes.ts";
import type { ClusterState } from "./cluster-state.ts";
import { a2cRow, DigestAccumulator, formatDigest, linkRow, nodeRow, volumeRow } from "./digest.ts";
import type { CNodeId, RNodeId, StorageServerId, Volume } from "./model.ts";
import { type RangeColumns, rangeCount } from "./ranges.ts";

/** Every broken invariant of a state, in words; none for a sound one. */
export function checkState(state: ClusterState): string[] {
  return [
    ...checkNodes(state),
    ...checkAssignments(state),
    ...[...state.volumes.values()].flatMap((volume) => checkVolume(volume, cNodesOf(state))),
    ...checkDigest(state),
  ];
}

/** Every invariant that a change breaks, looking at what changed alone. */
export function checkChanges(
  before: ClusterState,
  after: ClusterState,
  changes: Changes,
): string[] {
  const nodesTouched = changes.processes.length > 0 || changes.storageServers.length > 0;
  const assignmentsTouched = changes.linkAssignments.length > 0 || changes.links.length > 0;
  return [
    ...(nodesTouched ? checkNodes(after) : []),
    ...(nodesTouched || assignmentsTouched ? checkAssignments(after) : []),
    ...checkMapChanges(before, after, changes),
    ...(after.revision === before.revision + 1 ? [] : ["the revision must rise by one"]),
  ];
}

/** R-, C- and D-node ids are each unique, every process has its server. */
function checkNodes(state: ClusterState): string[] {
  const broken: string[] = [];
  const seen = {
    rNodeId: new Set<string>(),
    cNodeId: new Set<string>(),
    dNodeId: new Set<string>(),
  };
  for (const process of state.processes.values()) {
    if (!state.storageServers.has(process.storageServerId)) {
      broken.push(`process ${process.id} runs on unknown server ${process.storageServerId}`);
    }
    for (const kind of ["rNodeId", "cNodeId", "dNodeId"] as const) {
      const id = process[kind];
      if (id === undefined) continue;
      if (seen[kind].has(id)) broken.push(`${kind} ${id} is hosted twice`);
      seen[kind].add(id);
    }
  }
  return broken;
}

/** One link has at most one R-node, one R-node at most one link; a bound link stays at home. */
function checkAssignments(state: ClusterState): string[] {
  const broken: string[] = [];
  const serverOf = new Map<RNodeId, StorageServerId>();
  for (const process of state.processes.values()) {
    serverOf.set(process.rNodeId, process.storageServerId);
  }
  const holders = new Set<RNodeId>();
  for (const { linkId, rNodeId } of state.linkAssignments.values()) {
    const link = state.links.get(linkId);
    const server = serverOf.get(rNodeId);
    if (link?.state !== "up") broken.push(`link ${linkId} is assigned but not up`);
    if (server === undefined) broken.push(`link ${linkId} is held by unknown R-node ${rNodeId}`);
    if (link?.storageServerId !== undefined && link.storageServerId !== server) {
      broken.push(`link ${linkId} is bound to ${link.storageServerId} but held on ${server}`);
    }
    if (holders.has(rNodeId)) broken.push(`R-node ${rNodeId} holds two links`);
    holders.add(rNodeId);
  }
  return broken;
}

/** Every address exactly one owner, in canonical form, cut at extents, owners registered. */
function checkVolume(volume: Volume, owners: ReadonlySet<CNodeId>): string[] {
  const broken: string[] = [];
  let [next, previous] = [0, undefined as CNodeId | undefined];
  for (const { firstLba, lastLba, cNodeId } of volume.map.ranges()) {
    const where = `volume ${volume.id} at address ${firstLba}`;
    if (firstLba !== next) broken.push(`${where}: gap or overlap, expected ${next}`);
    if (lastLba < firstLba) broken.push(`${where}: the range ends at ${lastLba}`);
    if (cNodeId === previous) broken.push(`${where}: neighbours with one owner, ${cNodeId}`);
    if (!owners.has(cNodeId)) broken.push(`${where}: unknown C-node ${cNodeId}`);
    if (firstLba % volume.extentBlocks !== 0) broken.push(`${where}: not on an extent`);
    [next, previous] = [lastLba + 1, cNodeId];
  }
  if (next !== volume.blockCount) {
    broken.push(`volume ${volume.id} has ${volume.blockCount} blocks but owners for ${next}`);
  }
  return broken;
}

function checkMapChanges(before: ClusterState, after: ClusterState, changes: Changes): string[] {
  if (changes.maps.length === 0 && changes.processes.length === 0) return [];
  const owners = cNodesOf(after);
  return [
    ...changes.maps.flatMap((change) => [
      ...checkCoverage(
        before.volumes.get(change.volumeId),
        after.volumes.get(change.volumeId),
        change,
      ),
      ...checkRows(after.volumes.get(change.volumeId), change, owners),
    ]),
    ...checkNothingOrphaned(after, changes, owners),
  ];
}

/** The rows that came cover what the rows that left covered, and what the volume grew by. */
function checkCoverage(
  old: Volume | undefined,
  now: Volume | undefined,
  { volumeId, removed, added }: MapChange,
): string[] {
  const grownFrom = old && now && now.blockCount > old.blockCount ? old.blockCount : undefined;
  const growth: Run[] = grownFrom === undefined ? [] : [[grownFrom, now!.blockCount - 1]];
  const whole: Run[] = now ? [[0, now.blockCount - 1]] : [];
  const expected = old && now ? coverage(removed, growth) : whole;
  if (JSON.stringify(coverage(added, [])) === JSON.stringify(expected)) return [];
  return [`volume ${volumeId}: the change does not cover the addresses it takes away`];
}

function checkRows(
  volume: Volume | undefined,
  { volumeId, added }: MapChange,
  owners: ReadonlySet<CNodeId>,
): string[] {
  const broken: string[] = [];
  const complain = (row: number, what: string) =>
    broken.push(`volume ${volumeId} at address ${added.firstLba[row]}: ${what}`);
  const isKnown = added.owners.map((cNodeId) => owners.has(cNodeId));
  const extentBlocks = volume?.extentBlocks ?? 1;
  for (let row = 0; row < rangeCount(added); row++) {
    const owner = added.owner[row]!;
    if (!isKnown[owner]) complain(row, `unknown C-node ${added.owners[owner]}`);
    if (added.firstLba[row]! % extentBlocks !== 0) complain(row, "not on an extent");
  }
  return broken;
}

type Run = [firstLba: number, lastLba: number];

/** The runs of addresses that ranges and `more` cover together, each run once. */
function coverage(ranges: RangeColumns, more: readonly Run[]): Run[] {
  const runs: Run[] = [];
  const add = (first: number, last: number) => {
    const run = runs.at(-1);
    if (run && run[1] + 1 === first) run[1] = last;
    else runs.push([first, last]);
  };
  for (let i = 0; i < ranges.firstLba.length; i++) add(ranges.firstLba[i]!, ranges.lastLba[i]!);
  for (const [first, last] of more) add(first, last);
  return runs;
}

/** A C-node that went away owns nothing. */
function checkNothingOrphaned(
  after: ClusterState,
  changes: Changes,
  hosted: ReadonlySet<CNodeId>,
): string[] {
  return changes.processes
    .flatMap(({ before }) => (before && !hosted.has(before.cNodeId) ? [before.cNodeId] : []))
    .filter((cNodeId) => [...after.volumes.values()].some(({ map }) => map.sizeOf(cNodeId) > 0))
    .map((cNodeId) => `C-node ${cNodeId} is gone but owns addresses`);
}

/** The digest kept along is the digest of the rows. */
function checkDigest(state: ClusterState): string[] {
  const rows = new DigestAccumulator();
  for (const process of state.processes.values()) rows.toggle(nodeRow(process));
  for (const assignment of state.linkAssignments.values()) rows.toggle(linkRow(assignment));
  for (const volume of state.volumes.values()) {
    rows.toggle(volumeRow(volume));
    for (const range of volume.map.ranges()) rows.toggle(a2cRow({ volumeId: volume.id, ...range }));
  }
  const [stored, computed] = [formatDigest(state.digest), formatDigest(rows.digest())];
  return stored === computed ? [] : [`the digest is ${stored}, the rows give ${computed}`];
}

function cNodesOf(state: ClusterState): ReadonlySet<CNodeId> {
  return new Set([...state.processes.values()].map((process) => process.cNodeId));
}
