/**
 * Chooses the addresses that move. How many go from whom to whom is settled before (quota.ts);
 * here the table is kept from crumbling, in O(ranges · log ranges):
 *
 *   1. whole ranges next to one of the receiver's own, so that the two become one (−1 range);
 *   2. a boundary between donor and receiver slides, as in FIG. 9B (±0);
 *   3. other whole ranges, the largest that fits first (±0);
 *   4. cuts (+1 range each).
 *
 * All amounts and all boundaries of the map are whole extents, so the new boundaries are, too.
 */
import type { AddressMap } from "../address-map.ts";
import { invariant } from "../errors.ts";
import type { LoadModel } from "../load-model.ts";
import type { OwnedRange, Volume } from "../model.ts";
import type { Quota } from "./quota.ts";
import { DonorRanges, RangeBoard } from "./range-board.ts";
import type { Move } from "./types.ts";

export interface Transfer {
  readonly volume: Volume;
  /** In address order. */
  readonly moves: readonly Move[];
  readonly map: AddressMap;
}

/** The moves that use up the quota (in addresses), and the map they lead to. */
export function transferAddresses(model: LoadModel, volume: Volume, quota: Quota): Transfer {
  const board = new RangeBoard(model, volume.map.columns());
  absorbNeighbours(board, quota);
  slideBoundaries(board, quota);
  const donors = new DonorRanges(board, quota);
  for (const donor of donors.indexes) giveWholeRanges(board, quota, donors.of(donor), donor);
  for (const donor of donors.indexes) cutRanges(board, quota, donors.of(donor), donor);
  for (const donor of donors.indexes) {
    invariant(quota.surplusOf(donor) === 0, "every donor gives what it has to give");
  }

  const moves = board.moves(model, volume.id);
  return { volume, moves, map: volume.map.paint(gainsOf(moves)) };
}

function* gainsOf(moves: readonly Move[]): IterableIterator<OwnedRange> {
  for (const { firstLba, lastLba, toCNodeId } of moves) {
    yield { firstLba, lastLba, cNodeId: toCNodeId };
  }
}

/** Ranges between two of one receiver's first; then from the left and from the right, on and on. */
function absorbNeighbours(board: RangeBoard, quota: Quota): void {
  const absorb = (range: number, neighbour: number) => {
    const [donor, receiver] = [board.owner[range]!, board.owner[neighbour]!];
    const length = board.lengthOf(range);
    if (quota.between(donor, receiver) < length) return;
    quota.take(donor, receiver, length);
    board.give(range, receiver);
  };
  const last = board.count - 1;
  for (let i = 1; i < last; i++) {
    if (board.owner[i - 1] === board.owner[i + 1]) absorb(i, i - 1);
  }
  for (let i = 1; i <= last; i++) absorb(i, i - 1);
  for (let i = last - 1; i >= 0; i--) absorb(i, i + 1);
}

function slideBoundaries(board: RangeBoard, quota: Quota): void {
  const slide = (range: number, neighbour: number, side: "left" | "right") => {
    const [donor, receiver] = [board.owner[range]!, board.owner[neighbour]!];
    const amount = Math.min(quota.between(donor, receiver), board.lengthOf(range));
    if (amount === 0) return;
    quota.take(donor, receiver, amount);
    board.cut(range, receiver, amount, side);
  };
  for (let i = 0; i < board.count; i++) {
    if (i > 0) slide(i, i - 1, "left");
    if (i + 1 < board.count) slide(i, i + 1, "right");
  }
}

function giveWholeRanges(
  board: RangeBoard,
  quota: Quota,
  ranges: readonly number[],
  donor: number,
): void {
  for (const range of ranges) {
    const length = board.lengthOf(range);
    const receiver = quota.neediest(donor);
    if (receiver === undefined) return;
    if (quota.between(donor, receiver) < length) continue;
    quota.take(donor, receiver, length);
    board.give(range, receiver);
  }
}

/** From the largest range, so that no crumbs are made; it goes on where that one is used up. */
function cutRanges(
  board: RangeBoard,
  quota: Quota,
  ranges: readonly number[],
  donor: number,
): void {
  const kept = ranges.filter((range) => board.owner[range] === donor);
  for (const range of kept) {
    for (let length = board.lengthOf(range); length > 0; length = board.lengthOf(range)) {
      const receiver = quota.neediest(donor);
      if (receiver === undefined) return;
      const amount = Math.min(quota.between(donor, receiver), length);
      quota.take(donor, receiver, amount);
      board.cut(range, receiver, amount, "right");
    }
  }
}
