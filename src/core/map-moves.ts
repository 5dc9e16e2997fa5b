/** The addresses that go from one owner to another where some rows take the place of others. */
import type { CNodeId } from "./model.ts";
import { type RangeColumns, rangeCount } from "./ranges.ts";

export interface MapMove {
  readonly firstLba: number;
  readonly lastLba: number;
  readonly fromCNodeId: CNodeId;
  readonly toCNodeId: CNodeId;
}

/** In address order; both sides are in address order. */
export function* movesBetween(
  removed: RangeColumns,
  added: RangeColumns,
): IterableIterator<MapMove> {
  let [i, j] = [0, 0];
  while (i < rangeCount(removed) && j < rangeCount(added)) {
    const firstLba = Math.max(removed.firstLba[i]!, added.firstLba[j]!);
    const lastLba = Math.min(removed.lastLba[i]!, added.lastLba[j]!);
    const fromCNodeId = removed.owners[removed.owner[i]!]!;
    const toCNodeId = added.owners[added.owner[j]!]!;
    if (fromCNodeId !== toCNodeId && firstLba <= lastLba) {
      yield { firstLba, lastLba, fromCNodeId, toCNodeId };
    }
    if (removed.lastLba[i]! < added.lastLba[j]!) i++;
    else j++;
  }
}
