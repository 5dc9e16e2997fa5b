/**
 * Moves that were planned earlier, on the state of today: whether they still apply cleanly, and
 * the state that they lead to. A rollback is the same moves the other way round.
 */
import type { AddressMap } from "../address-map.ts";
import {
  type ClusterState,
  effectiveState,
  nextRevision,
  processOfCNode,
  putVolume,
} from "../cluster-state.ts";
import type { CNodeId, VolumeId } from "../model.ts";
import type { Steps } from "../steps.ts";
import { type MoveColumns, MoveList, type Moves } from "./move-list.ts";

/** Moves that are looked at in one step of `findObstacle`. */
const LOOKS_PER_STEP = 5_000;
/** Moves that are made in one step of `mapsAfter`, some ten milliseconds' worth. */
const MOVES_PER_STEP = 20_000;

/** Between whom and where moves go: all that is asked of them without reading each. */
export interface MoveEnds {
  readonly volumeIds: readonly VolumeId[];
  readonly losers: readonly CNodeId[];
  readonly gainers: readonly CNodeId[];
}

export function endsOf(moves: Moves): MoveEnds {
  const { volume, volumeIds, from, to, cNodeIds } = MoveList.of(moves).columns;
  return {
    volumeIds: distinct(volume, volumeIds),
    losers: distinct(from, cNodeIds),
    gainers: distinct(to, cNodeIds),
  };
}

/** Those of `values` that a column names, in the order in which they first come. */
function distinct<Value>(column: Uint32Array, values: readonly Value[]): Value[] {
  const isNamed = new Uint8Array(values.length);
  const named: Value[] = [];
  for (const index of column) {
    if (isNamed[index] === 1) continue;
    isNamed[index] = 1;
    named.push(values[index]!);
  }
  return named;
}

export function reversed(moves: Moves): MoveList {
  const { columns } = MoveList.of(moves);
  return new MoveList({ ...columns, from: columns.to, to: columns.from });
}

/**
 * The first reason, in a sentence that names the address, why `moves` don't apply cleanly:
 * an address has another owner than the move takes it from, a receiver is gone or draining, or
 * the volume is not the one it was in revision `since`.
 */
export function* findObstacle(
  state: ClusterState,
  moves: Moves,
  since: number,
): Steps<string | undefined> {
  const unfit = new Map<CNodeId, string | undefined>();
  let looks = 0;
  for (const { volumeId, firstLba, lastLba, fromCNodeId, toCNodeId } of moves) {
    if (++looks % LOOKS_PER_STEP === 0) yield;
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

/** A volume's map after moves. */
export interface MovedMap {
  readonly volumeId: VolumeId;
  readonly map: AddressMap;
}

/** The state with the moves made; they are in volume and address order. */
export function* makeMoves(state: ClusterState, moves: Moves): Steps<ClusterState> {
  return withMaps(state, yield* mapsAfter(state, moves));
}

/** The maps that moves lead to; they are in volume and address order. */
export function* mapsAfter(state: ClusterState, moves: Moves): Steps<MovedMap[]> {
  const { columns, length } = MoveList.of(moves);
  const maps = new Map<VolumeId, AddressMap>();
  for (let from = 0; from < length; ) {
    if (from > 0) yield;
    const volumeId = columns.volumeIds[columns.volume[from]!]!;
    const map = maps.get(volumeId) ?? state.volumes.get(volumeId)!.map;
    const end = endOfPage(columns, from);
    maps.set(volumeId, map.paintColumns(gainsIn(columns, from, end)));
    from = end;
  }
  return Array.from(maps, ([volumeId, map]) => ({ volumeId, map }));
}

/** Of one volume, and of what is done in a step. */
function endOfPage({ volume }: MoveColumns, from: number): number {
  const most = Math.min(from + MOVES_PER_STEP, volume.length);
  let end = from;
  while (end < most && volume[end] === volume[from]) end++;
  return end;
}

function gainsIn({ firstLba, lastLba, to, cNodeIds }: MoveColumns, from: number, end: number) {
  return {
    firstLba: firstLba.subarray(from, end),
    lastLba: lastLba.subarray(from, end),
    owner: to.subarray(from, end),
    owners: cNodeIds,
  };
}

export function withMaps(state: ClusterState, maps: readonly MovedMap[]): ClusterState {
  return maps.reduce((current, { volumeId, map }) => {
    const volume = state.volumes.get(volumeId)!;
    return putVolume(current, { ...volume, map, revision: nextRevision(state) });
  }, state);
}
