/** A map as a caller writes it, proved to be one: every address once, every owner registered. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type { OwnedRange, VolumeId } from "../model.ts";
import { columnsOf, type RangeColumns, rangeCount } from "../ranges.ts";

/** Entries in the order of their first addresses; nothing else is known of them yet. */
export interface MapEntries {
  readonly ranges: RangeColumns;
  /** Where each stands in what the caller sent, which refusals name. */
  readonly places: Uint32Array;
}

export function sortEntries(entries: readonly OwnedRange[]): MapEntries {
  const places = Uint32Array.from(entries.keys());
  const isSorted = entries.every(
    (entry, i) => i === 0 || entry.firstLba > entries[i - 1]!.firstLba,
  );
  if (!isSorted) places.sort((a, b) => entries[a]!.firstLba - entries[b]!.firstLba || a - b);
  const sorted = function* () {
    for (const place of places) yield entries[place]!;
  };
  return { ranges: columnsOf(sorted()), places };
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
  for (let i = 0; i < rangeCount(ranges); i++) {
    const firstLba = ranges.firstLba[i]!;
    const lastLba = ranges.lastLba[i]!;
    const owner = ranges.owner[i]!;
    const refuse = (code: RefusalCode, message: string) =>
      refusalAt(`entries[${places[i]}]`, code, message);
    if (lastLba < firstLba) {
      throw refuse("map-range-reversed", `range ${firstLba}–${lastLba} ends before it begins`);
    }
    if (lastLba >= blockCount) {
      throw refuse(
        "map-outside-volume",
        `address ${Math.max(firstLba, blockCount)} is outside volume ${id} (0–${blockCount - 1})`,
      );
    }
    if (firstLba < next) throw refuse("map-overlap", `address ${firstLba} has two owners`);
    if (firstLba > next) throw refuse("map-gap", `address ${next} has no owner`);
    if (firstLba % extentBlocks !== 0) {
      const reason = `boundary at address ${firstLba} is not a multiple of ${extentBlocks}`;
      throw refuse("boundary-off-extent", reason);
    }
    if (unknown[owner]) {
      const detail = `C-node ${ranges.owners[owner]}, owner of ${firstLba}, is not registered`;
      throw refuse("unknown-c-node", detail);
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
