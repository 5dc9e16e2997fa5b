/**
 * Both tables as they were at an earlier revision. What they name must still be there: nothing is
 * registered again, and nothing that came since is taken away but for what it holds.
 */
import type { AddressMap } from "../address-map.ts";
import type { VolumeRecord } from "../changes.ts";
import {
  assignLink,
  type ClusterState,
  effectiveState,
  nextRevision,
  processOfCNode,
  processOfRNode,
  putVolume,
  releaseLink,
} from "../cluster-state.ts";
import { type FieldError, Refusal } from "../errors.ts";
import type { Assignment } from "../link-assignments.ts";
import { movesBetween } from "../map-moves.ts";
import type { CNodeId, LinkId, RNodeId, Volume, VolumeId } from "../model.ts";
import type { Move } from "../rebalance/types.ts";
import type { Steps } from "../steps.ts";

export interface PastDistribution {
  readonly revision: number;
  readonly volumes: readonly PastVolume[];
  readonly linkAssignments: readonly Assignment[];
}

export interface PastVolume {
  readonly record: VolumeRecord;
  /** Absent: it was not read, since the volume had not changed since. */
  readonly map?: AddressMap | undefined;
}

export interface Restoration {
  /** The same state where the tables are as they were. */
  readonly state: ClusterState;
  readonly movedAddresses: number;
  readonly moveCount: number;
  /** The first of them, in volume and address order. */
  readonly moves: readonly Move[];
  readonly losers: ReadonlySet<CNodeId>;
  readonly gainers: ReadonlySet<CNodeId>;
  /** In link id order. */
  readonly links: readonly LinkChange[];
  /** Volumes that came since: they keep their maps. */
  readonly keptVolumeIds: readonly VolumeId[];
}

export interface LinkChange {
  readonly linkId: LinkId;
  /** Null: nobody holds it. */
  readonly fromRNodeId: RNodeId | null;
  readonly toRNodeId: RNodeId | null;
}

/** Whether a volume's map is still the one that it had then. */
export function isUnchanged(volume: Volume, { revision, createdRevision }: VolumeRecord): boolean {
  return volume.revision === revision && volume.createdRevision === createdRevision;
}

/**
 * The state with the tables restored. Refuses with `restore-conflict`, naming everything that is
 * in the way. `undefined`: a volume whose map was not read has changed meanwhile.
 */
export function* restoreTables(
  state: ClusterState,
  past: PastDistribution,
  movesShownMax: number,
): Steps<Restoration | undefined> {
  const conflicts: FieldError[] = [];
  const maps = yield* restoreMaps(state, past, conflicts, movesShownMax);
  if (!maps) return undefined;
  const { state: next, links } = restoreLinks(maps.state, past.linkAssignments, conflicts);
  refuseConflicts(past.revision, conflicts);
  const then = new Set(past.volumes.map(({ record }) => record.id));
  const keptVolumeIds = [...state.volumes.keys()].filter((id) => !then.has(id));
  return { ...maps, state: next, links, keptVolumeIds };
}

function* restoreMaps(
  state: ClusterState,
  { volumes }: PastDistribution,
  conflicts: FieldError[],
  movesShownMax: number,
): Steps<Omit<Restoration, "links" | "keptVolumeIds"> | undefined> {
  let next = state;
  let [movedAddresses, moveCount] = [0, 0];
  const moves: Move[] = [];
  const losers = new Set<CNodeId>();
  const gainers = new Set<CNodeId>();
  for (const { record, map } of volumes) {
    const volume = state.volumes.get(record.id);
    const conflict = shapeConflict(volume, record);
    if (conflict) conflicts.push({ path: `volumes.${record.id}`, message: conflict });
    if (!volume || conflict) continue;
    if (!map) {
      if (isUnchanged(volume, record)) continue;
      return undefined;
    }
    const { removed, added } = volume.map.difference(map);
    if (added.firstLba.length === 0) continue;
    next = putVolume(next, { ...volume, map, revision: nextRevision(state) });
    yield;
    for (const move of movesBetween(removed, added)) {
      if (moveCount++ < movesShownMax) moves.push({ volumeId: volume.id, ...move });
      movedAddresses += move.lastLba - move.firstLba + 1;
      losers.add(move.fromCNodeId);
      gainers.add(move.toCNodeId);
    }
  }
  for (const cNodeId of gainers) {
    const message = gainerConflict(state, cNodeId);
    if (message) conflicts.push({ path: `cNodes.${cNodeId}`, message });
  }
  return { state: next, movedAddresses, moveCount, moves, losers, gainers };
}

function shapeConflict(volume: Volume | undefined, record: VolumeRecord): string | undefined {
  const { id, blockCount, extentBlocks } = record;
  if (!volume) return `volume ${id} is not registered any more`;
  if (volume.blockCount !== blockCount) {
    return `volume ${id} has ${volume.blockCount} blocks, it had ${blockCount}`;
  }
  if (volume.extentBlocks !== extentBlocks) {
    return `volume ${id} has extents of ${volume.extentBlocks} blocks, it had ${extentBlocks}`;
  }
  return undefined;
}

function gainerConflict(state: ClusterState, cNodeId: CNodeId): string | undefined {
  const process = processOfCNode(state, cNodeId);
  if (!process) return `C-node ${cNodeId} is not registered any more`;
  if (effectiveState(state, process) === "active") return undefined;
  return `process ${process.id} of C-node ${cNodeId} is draining`;
}

/** First everything that differs is released, so that links can be swapped. */
function restoreLinks(
  state: ClusterState,
  assignments: readonly Assignment[],
  conflicts: FieldError[],
): { state: ClusterState; links: LinkChange[] } {
  const then = new Map(assignments.map(({ linkId, rNodeId }) => [linkId, rNodeId]));
  const links: LinkChange[] = [];
  let next = state;
  for (const { linkId, rNodeId } of state.linkAssignments.values()) {
    const toRNodeId = then.get(linkId) ?? null;
    if (toRNodeId === rNodeId) continue;
    next = releaseLink(next, linkId);
    links.push({ linkId, fromRNodeId: rNodeId, toRNodeId });
  }
  for (const { linkId, rNodeId } of assignments) {
    if (next.linkAssignments.has(linkId)) continue;
    const message = linkConflict(state, linkId, rNodeId);
    if (message) conflicts.push({ path: `linkAssignments.${linkId}`, message });
    else next = assignLink(next, linkId, rNodeId);
    if (state.linkAssignments.has(linkId)) continue;
    links.push({ linkId, fromRNodeId: null, toRNodeId: rNodeId });
  }
  links.sort((a, b) => (a.linkId < b.linkId ? -1 : 1));
  return { state: next, links };
}

function linkConflict(state: ClusterState, linkId: LinkId, rNodeId: RNodeId): string | undefined {
  const link = state.links.get(linkId);
  if (!link) return `link ${linkId} is not registered any more`;
  if (link.state === "down") return `link ${linkId} is down`;
  const process = processOfRNode(state, rNodeId);
  if (!process) return `R-node ${rNodeId} of link ${linkId} is not registered any more`;
  if (link.storageServerId !== undefined && link.storageServerId !== process.storageServerId) {
    const where = `R-node ${rNodeId} runs on ${process.storageServerId}`;
    return `link ${linkId} is bound to storage server ${link.storageServerId}, ${where}`;
  }
  if (effectiveState(state, process) === "active") return undefined;
  return `process ${process.id} of R-node ${rNodeId} is draining`;
}

const CONFLICTS_TOLD_MAX = 20;

function refuseConflicts(revision: number, conflicts: readonly FieldError[]): void {
  const [first] = conflicts;
  if (!first) return;
  const more = conflicts.length > 1 ? ` (and ${conflicts.length - 1} more)` : "";
  throw new Refusal("restore-conflict", {
    detail: `the tables of revision ${revision} cannot be restored: ${first.message}${more}`,
    correction: "Bring back what errors names, or restore another revision",
    errors: conflicts.slice(0, CONFLICTS_TOLD_MAX),
  });
}
