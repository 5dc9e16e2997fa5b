/**
 * Moves that were planned earlier, on the state of today: whether they still apply cleanly, and
 * the state that they lead to. A rollback is the same moves the other way round.
 */
import {
  type ClusterState,
  effectiveState,
  nextRevision,
  processOfCNode,
  putVolume,
} from "../cluster-state.ts";
import type { CNodeId, OwnedRange, VolumeId } from "../model.ts";
import type { Move } from "./types.ts";

/** Between whom and where moves go: all that is asked of them without reading each. */
export interface MoveEnds {
  readonly volumeIds: readonly VolumeId[];
  readonly losers: readonly CNodeId[];
  readonly gainers: readonly CNodeId[];
}

export function endsOf(moves: readonly Move[]): MoveEnds {
  const volumeIds = new Set<VolumeId>();
  const losers = new Set<CNodeId>();
  const gainers = new Set<CNodeId>();
  for (const { volumeId, fromCNodeId, toCNodeId } of moves) {
    volumeIds.add(volumeId);
    losers.add(fromCNodeId);
    gainers.add(toCNodeId);
  }
  return { volumeIds: [...volumeIds], losers: [...losers], gainers: [...gainers] };
}

export function reversed(moves: readonly Move[]): Move[] {
  // Fields by name: a spread is ten times as slow, and there may be half a million.
  return moves.map(({ volumeId, firstLba, lastLba, fromCNodeId, toCNodeId }) => {
    return { volumeId, firstLba, lastLba, fromCNodeId: toCNodeId, toCNodeId: fromCNodeId };
  });
}

/**
 * The first reason, in a sentence that names the address, why `moves` don't apply cleanly:
 * an address has another owner than the move takes it from, a receiver is gone or draining, or
 * the volume is not the one it was in revision `since`.
 */
export function findObstacle(
  state: ClusterState,
  moves: readonly Move[],
  since: number,
): string | undefined {
  const unfit = new Map<CNodeId, string | undefined>();
  for (const { volumeId, firstLba, lastLba, fromCNodeId, toCNodeId } of moves) {
    const where = `address ${firstLba} of volume ${volumeId}`;
    const volume = state.volumes.get(volumeId);
    if (!volume) return `${where} cannot move: the volume is gone`;
    if (volume.createdRevision > since) {
      return `${where} cannot move: the volume was created anew in revision ${volume.createdRevision}`;
    }
    for (const range of volume.map.ranges(firstLba, lastLba)) {
      if (range.cNodeId === fromCNodeId) continue;
      return `address ${range.firstLba} of volume ${volumeId} is owned by ${range.cNodeId}, not by ${fromCNodeId}`;
    }
    if (!unfit.has(toCNodeId)) unfit.set(toCNodeId, whyUnfit(state, toCNodeId));
    const reason = unfit.get(toCNodeId);
    if (reason !== undefined) return `${where} cannot move: ${reason}`;
  }
  return undefined;
}

/** The first of some C-nodes that can't be given addresses, and why. */
export function findUnfit(state: ClusterState, cNodeIds: readonly CNodeId[]): string | undefined {
  for (const cNodeId of cNodeIds) {
    const reason = whyUnfit(state, cNodeId);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function whyUnfit(state: ClusterState, cNodeId: CNodeId): string | undefined {
  const process = processOfCNode(state, cNodeId);
  if (!process) return `C-node ${cNodeId} is gone`;
  if (effectiveState(state, process) === "active") return undefined;
  return `process ${process.id} of C-node ${cNodeId} is draining`;
}

/** The state with the moves made; they are in volume and address order. */
export function makeMoves(state: ClusterState, moves: readonly Move[]): ClusterState {
  const gains = new Map<VolumeId, OwnedRange[]>();
  for (const { volumeId, firstLba, lastLba, toCNodeId } of moves) {
    const ranges = gains.get(volumeId) ?? [];
    gains.set(volumeId, ranges);
    ranges.push({ firstLba, lastLba, cNodeId: toCNodeId });
  }
  let next = state;
  for (const [volumeId, ranges] of gains) {
    const volume = state.volumes.get(volumeId)!;
    const map = volume.map.paint(ranges);
    next = putVolume(next, { ...volume, map, revision: nextRevision(state) });
  }
  return next;
}
