/** A map as a caller writes it, proved to be one: every address once, every owner registered. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type { OwnedRange, VolumeId } from "../model.ts";

interface Shape {
  readonly id: VolumeId;
  readonly blockCount: number;
  readonly extentBlocks: number;
}

/** The entries in address order; refuses with the first address that is wrong. */
export function canonicalRanges(
  state: ClusterState,
  { id, blockCount, extentBlocks }: Shape,
  entries: readonly OwnedRange[],
): OwnedRange[] {
  // Sorted by position, so that a refusal names the entry as the caller counts them.
  const order = entries.map((_, i) => i);
  order.sort((a, b) => entries[a]!.firstLba - entries[b]!.firstLba);
  let next = 0;
  for (const i of order) {
    const { firstLba, lastLba, cNodeId } = entries[i]!;
    const refuse = refusalAt(`entries[${i}]`);
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
    if (!state.index.processByCNode.has(cNodeId)) {
      throw refuse("unknown-c-node", `C-node ${cNodeId}, owner of ${firstLba}, is not registered`);
    }
    next = lastLba + 1;
  }
  if (next < blockCount) throw refusalAt("entries")("map-gap", `address ${next} has no owner`);
  return order.map((i) => entries[i]!);
}

function refusalAt(path: string): (code: RefusalCode, message: string) => Refusal {
  return (code, message) =>
    new Refusal(code, {
      detail: message,
      correction:
        "Send entries that give every address of the volume exactly one registered C-node",
      errors: [{ path, message }],
    });
}
