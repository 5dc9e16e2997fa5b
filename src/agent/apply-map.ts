/** One volume's map after a message. */
import { AddressMap } from "../core/address-map.ts";
import type { OwnedRange, VolumeId } from "../core/model.ts";

/** The content of a message that cannot be: it is refused, and the last good one kept. */
export class ContentError extends Error {
  override readonly name = "ContentError";
}

export interface VolumeAfter {
  readonly volumeId: VolumeId;
  readonly blockCount: number;
  /** The map that the new one is compared with. */
  readonly replaces: AddressMap | undefined;
}

/**
 * `old` with `painted`, in address order, painted over it, and grown by what is behind its end;
 * new without `old`.
 */
export function mapWith(
  old: AddressMap | undefined,
  painted: readonly OwnedRange[],
  { volumeId, blockCount, replaces }: VolumeAfter,
): AddressMap {
  demandDisjoint(volumeId, painted, blockCount);
  if (!old) {
    demandJoined(volumeId, painted, { from: 0, to: blockCount });
    return AddressMap.of(painted, replaces);
  }
  if (blockCount < old.blockCount) throw new ContentError(`volume ${volumeId} shrinks`);
  const inside = cut(painted, 0, old.blockCount - 1);
  const behind = cut(painted, old.blockCount, blockCount - 1);
  demandJoined(volumeId, behind, { from: old.blockCount, to: blockCount });
  const map = inside.length > 0 ? old.paint(inside) : old;
  return behind.length > 0 ? map.extend(behind) : map;
}

/** The parts of ranges from `first` to `last`. */
function cut(ranges: readonly OwnedRange[], first: number, last: number): OwnedRange[] {
  return ranges
    .filter(({ firstLba, lastLba }) => lastLba >= first && firstLba <= last)
    .map((range) => ({
      ...range,
      firstLba: Math.max(range.firstLba, first),
      lastLba: Math.min(range.lastLba, last),
    }));
}

function demandDisjoint(
  volumeId: VolumeId,
  ranges: readonly OwnedRange[],
  blockCount: number,
): void {
  let next = 0;
  for (const { firstLba, lastLba } of ranges) {
    if (firstLba < next) throw new ContentError(`two owners of address ${firstLba} of ${volumeId}`);
    if (lastLba >= blockCount) {
      throw new ContentError(`address ${lastLba} is outside volume ${volumeId} of ${blockCount}`);
    }
    next = lastLba + 1;
  }
}

function demandJoined(
  volumeId: VolumeId,
  ranges: readonly OwnedRange[],
  { from, to }: { readonly from: number; readonly to: number },
): void {
  let next = from;
  for (const { firstLba, lastLba } of ranges) {
    if (firstLba !== next) break;
    next = lastLba + 1;
  }
  if (next !== to) throw new ContentError(`nobody owns address ${next} of volume ${volumeId}`);
}
