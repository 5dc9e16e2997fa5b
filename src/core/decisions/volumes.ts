import { AddressMap } from "../address-map.ts";
import { type ClusterState, nextRevision, putVolume, removeVolume } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import { MAX_ADDRESS_COUNT, type OwnedRange, type Volume, type VolumeId } from "../model.ts";
import { columnsOf } from "../ranges.ts";
import { firstLayout, growthLayout } from "../volume-layout.ts";
import { findVolume } from "./find.ts";
import { demandMap, type MapEntries, sortEntries } from "./map-entries.ts";

export interface VolumeRegistration {
  readonly id: VolumeId;
  readonly blockCount: number;
  readonly extentBlocks?: number | undefined;
  /** The first map; without it every active C-node gets a part by weight. */
  readonly entries?: readonly OwnedRange[] | undefined;
}

/** Creates a volume with its map, or grows one that stands; its `entries` are then ignored. */
export function registerVolume(
  state: ClusterState,
  registration: VolumeRegistration,
): ClusterState {
  const existing = state.volumes.get(registration.id);
  return existing ? growVolume(state, existing, registration) : createVolume(state, registration);
}

export function deleteVolume(state: ClusterState, id: VolumeId): ClusterState {
  findVolume(state, id);
  return removeVolume(state, id);
}

/** Replaces a volume's map. */
export function replaceMap(state: ClusterState, id: VolumeId, entries: MapEntries): ClusterState {
  const volume = findVolume(state, id);
  const map = AddressMap.ofColumns(demandMap(state, volume, entries), volume.map);
  if (map.equals(volume.map)) return state;
  return putVolume(state, { ...volume, map, revision: nextRevision(state) });
}

function createVolume(
  state: ClusterState,
  { id, blockCount, extentBlocks = 1, entries }: VolumeRegistration,
): ClusterState {
  const shape = { volumeId: id, blockCount, extentBlocks };
  refuseOffExtent(blockCount, extentBlocks);
  refuseTooMany(state, blockCount);
  const ranges = entries
    ? demandMap(state, { id, blockCount, extentBlocks }, sortEntries(entries))
    : columnsOf(firstLayout(state, shape));
  const revision = nextRevision(state);
  const map = AddressMap.ofColumns(ranges);
  return putVolume(state, {
    id,
    blockCount,
    extentBlocks,
    createdRevision: revision,
    revision,
    map,
  });
}

function growVolume(
  state: ClusterState,
  volume: Volume,
  { blockCount, extentBlocks = volume.extentBlocks }: VolumeRegistration,
): ClusterState {
  const { id: volumeId } = volume;
  if (extentBlocks !== volume.extentBlocks) {
    refuse("extent-blocks-fixed", "extentBlocks", {
      detail: `volume ${volumeId} was created with extents of ${volume.extentBlocks} blocks`,
      correction: "Leave extentBlocks out, or send the value it was created with",
    });
  }
  if (blockCount < volume.blockCount) {
    refuse("block-count-shrinks", "blockCount", {
      detail: `volume ${volumeId} has ${volume.blockCount} blocks and cannot shrink to ${blockCount}`,
      correction: "A volume can only grow",
    });
  }
  if (blockCount === volume.blockCount) return state;
  refuseOffExtent(blockCount, extentBlocks);
  refuseTooMany(state, blockCount - volume.blockCount);
  const { map } = volume;
  const grown = map.extend(growthLayout(state, { volumeId, map, blockCount, extentBlocks }));
  return putVolume(state, { ...volume, blockCount, map: grown, revision: nextRevision(state) });
}

function refuseOffExtent(blockCount: number, extentBlocks: number): void {
  if (blockCount % extentBlocks === 0) return;
  refuse("boundary-off-extent", "blockCount", {
    detail: `${blockCount} blocks are not a whole number of extents of ${extentBlocks} blocks`,
    correction: `Send a multiple of ${extentBlocks}`,
  });
}

/** Sums over all volumes stay exact only up to 2^53 − 1. */
function refuseTooMany(state: ClusterState, moreBlocks: number): void {
  let total = moreBlocks;
  for (const volume of state.volumes.values()) {
    if (total > MAX_ADDRESS_COUNT - volume.blockCount) {
      refuse("address-space-exceeded", "blockCount", {
        detail: "all volumes together would hold more than 2^53 − 1 blocks",
        correction: "Make the volume smaller",
      });
    }
    total += volume.blockCount;
  }
}

function refuse(
  code: RefusalCode,
  path: string,
  { detail, correction }: { detail: string; correction: string },
): never {
  throw new Refusal(code, { detail, correction, errors: [{ path, message: detail }] });
}
