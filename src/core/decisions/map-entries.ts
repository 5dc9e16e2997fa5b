/** A map as a caller writes it, proved to be one: every address once, every owner registered. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type { OwnedRange, VolumeId } from "../model.ts";
import { columnsOf, type RangeColumns, rangeCount, rangesInOrder } from "../ranges.ts";

/** Entries in the order of their first addresses; nothing else is known of them yet. */
export interface MapEntries {
  readonly ranges: RangeColumns;
  /** Where each stands in what the caller sent, which refusals name. */
  readonly places: Uint32Array;
}

export function sortEntries(entries: Iterable<OwnedRange>): MapEntries {
  return sortRanges(columnsOf(entries));
}

/** `ranges` as they were sent; where they are in order already, they are not copied. */
export function sortRanges(ranges: RangeColumns): MapEntries {
  const { firstLba } = ranges;
  const places = Uint32Array.from(firstLba.keys());
  if (firstLba.every((lba, i) => i === 0 || lba >= firstLba[i - 1]!)) return { ranges, places };
  places.sort((a, b) => firstLba[a]! - firstLba[b]! || a - b);
  return { ranges: rangesInOrder(ranges, places), places };
}

interface Shape {
  readonly id: VolumeId;
  readonly blockCount: number;
  readonly extentBlocks: number;
}

/** Refuses with the first address that is wrong; the ranges may have neighbours of one owner. */
export function demandMap(
  state: ClusterState,
  { id, blockCount, extentBlocks }: Shape,
  { ranges, places }: MapEntries,
): RangeColumns {
  const unknown = ranges.owners.map((cNodeId) => !state.index.processByCNode.has(cNodeId));
  let next = 0;
  const refuse = (i: number, code: RefusalCode, message: string) =>
    refusalAt(`entries[${places[i]}]`, code, message);
  for (let i = 0; i < rangeCount(ranges); i++) {
    const firstLba = ranges.firstLba[i]!;
    const lastLba = ranges.lastLba[i]!;
    const owner = ranges.owner[i]!;
    if (lastLba < firstLba) {
      throw refuse(i, "map-range-reversed", `range ${firstLba}–${lastLba} ends before it begins`);
    }
    if (lastLba >= blockCount) {
      throw refuse(
        i,
        "map-outside-volume",
        `address ${Math.max(firstLba, blockCount)} is outside volume ${id} (0–${blockCount - 1})`,
      );
    }
    if (firstLba < next) throw refuse(i, "map-overlap", `address ${firstLba} has two owners`);
    if (firstLba > next) throw refuse(i, "map-gap", `address ${next} has no owner`);
    if (firstLba % extentBlocks !== 0) {
      const reason = `boundary at address ${firstLba} is not a multiple of ${extentBlocks}`;
      throw refuse(i, "boundary-off-extent", reason);
    }
    if (unknown[owner]) {
      const detail = `C-node ${ranges.owners[owner]}, owner of ${firstLba}, is not registered`;
      throw refuse(i, "unknown-c-node", detail);
    }
    next = lastLba + 1;
  }
  if (next < blockCount) {
    throw refusalAt("entries", "map-gap", `address ${next} has no owner`);
  }
  return ranges;
}

function refusalAt(path: string, code: RefusalCode, message: string): Refusal {
  return new Refusal(code, {
    detail: message,
    correction: "Send entries that give every address of the volume exactly one registered C-node",
    errors: [{ path, message }],
  });
}
