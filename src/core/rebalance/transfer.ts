/**
 * Chooses the addresses that move. How many go from whom to whom is settled before (quota.ts);
 * here the table is kept from crumbling, in O(ranges · log ranges):
 *
 *   1. windows: whole runs of ranges that become one, the longest first (windows.ts);
 *   2. a boundary between donor and receiver slides, as in FIG. 9B (±0), from the shortest of the
 *      donors' ranges on: what is used up from both sides disappears (−1);
 *   3. other whole ranges, the largest that fits first (±0);
 *   4. cuts across the boundary of two donors (+1 range for both);
 *   5. other cuts (+1 range each).
 *
 * All amounts and all boundaries of the map are whole extents, so the new boundaries are, too.
 */
import { invariant } from "../errors.ts";
import type { LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { type RangeColumns, rangeCount } from "../ranges.ts";
import { DonorRanges } from "./donor-ranges.ts";
import { processRanges } from "./process-ranges.ts";
import type { Quota } from "./quota.ts";
import { NONE, RangeBoard } from "./range-board.ts";
import { type VolumeMoves, VolumeMovesBuilder } from "./volume-moves.ts";
import { takeWindows } from "./windows.ts";

export interface Transfer {
  readonly volume: Volume;
  readonly moves: VolumeMoves;
  /** Of the volume, afterwards. */
  readonly rangeCount: number;
}

/** The moves that use up the quota (in addresses). */
export function transferAddresses(model: LoadModel, volume: Volume, quota: Quota): Transfer {
  const board = new RangeBoard(model, volume.map);
  takeWindows(board, quota);
  slideBoundaries(board, quota);
  const donors = new DonorRanges(board, quota);
  for (const donor of donors.indexes) giveWholeRanges(board, quota, donors.of(donor), donor);
  cutAcrossBoundaries(board, quota);
  for (const donor of donors.indexes) cutRanges(board, quota, donors.of(donor), donor);
  for (const donor of donors.indexes) {
    invariant(quota.surplusOf(donor) === 0, "every donor gives what it has to give");
  }
  return transferOf(board, volume);
}

/** What has moved on the board by now. */
export function transferOf(board: RangeBoard, volume: Volume): Transfer {
  return { volume, moves: board.moves(), rangeCount: board.rangeCount() };
}

/** What moves from a volume's ranges to others that have come of them. */
export function transferTo(model: LoadModel, volume: Volume, after: RangeColumns): Transfer {
  const before = processRanges(model, volume.map);
  const [left, right] = [rangeCount(before), rangeCount(after)];
  const moves = new VolumeMovesBuilder(left + right);
  for (let i = 0, j = 0; i < left && j < right; ) {
    const [from, to] = [before.owner[i]!, after.owner[j]!];
    if (from !== to) {
      const firstLba = Math.max(before.firstLba[i]!, after.firstLba[j]!);
      const lastLba = Math.min(before.lastLba[i]!, after.lastLba[j]!);
      moves.add(firstLba, lastLba, from, to);
    }
    const end = after.lastLba[j]!;
    if (before.lastLba[i]! >= end) j++;
    if (before.lastLba[i]! <= end) i++;
  }
  return { volume, moves: moves.build(), rangeCount: right };
}

function slideBoundaries(board: RangeBoard, quota: Quota): void {
  const slide = (segment: number, neighbour: number, side: "left" | "right") => {
    if (neighbour === NONE) return;
    const donor = board.owner[segment]!;
    const receiver = board.owner[neighbour]!;
    const allowed = quota.between(donor, receiver);
    // Most of a million boundaries end here: how long the segment is lies elsewhere in memory.
    if (allowed === 0) return;
    const amount = Math.min(allowed, board.lengthOf(segment));
    quota.take(donor, receiver, amount);
    board.cut(segment, receiver, amount, side);
  };
  const mayGive = (segment: number) => quota.surplusOf(board.owner[segment]!) > 0;
  for (const i of board.shortestFirst(mayGive)) {
    if (!mayGive(i)) continue;
    slide(i, board.previous[i]!, "left");
    slide(i, board.next[i]!, "right");
  }
}

/** Two donors whose ranges meet give their neighbouring ends to one receiver: one new range. */
function cutAcrossBoundaries(board: RangeBoard, quota: Quota): void {
  for (let left = 0, count = board.count; left < count; left++) {
    const first = board.owner[left]!;
    if (quota.surplusOf(first) === 0) continue;
    const right = board.next[left]!;
    if (right === NONE) continue;
    const second = board.owner[right]!;
    if (quota.surplusOf(second) === 0 || first === second) continue;
    const receiver = quota.neediest(first);
    if (receiver === undefined) continue;
    const need = quota.needOf(receiver);
    const fromFirst = Math.min(quota.between(first, receiver), board.lengthOf(left));
    const fromSecond = Math.min(
      quota.between(second, receiver),
      board.lengthOf(right),
      need - fromFirst,
    );
    if (fromFirst === 0 || fromSecond === 0) continue;
    quota.take(first, receiver, fromFirst);
    board.cut(left, receiver, fromFirst, "right");
    quota.take(second, receiver, fromSecond);
    board.cut(right, receiver, fromSecond, "left");
  }
}

function giveWholeRanges(board: RangeBoard, quota: Quota, ranges: Int32Array, donor: number): void {
  let receiver = quota.neediest(donor);
  for (const range of ranges) {
    if (receiver === undefined) return;
    const length = board.lengthOf(range);
    if (quota.between(donor, receiver) < length) continue;
    quota.take(donor, receiver, length);
    board.give(range, receiver);
    receiver = quota.neediest(donor);
  }
}

/** From the largest range, so that no crumbs are made; it goes on where that one is used up. */
function cutRanges(board: RangeBoard, quota: Quota, ranges: Int32Array, donor: number): void {
  for (const range of ranges) {
    while (board.owner[range] === donor) {
      const receiver = quota.neediest(donor);
      if (receiver === undefined) return;
      const amount = Math.min(quota.between(donor, receiver), board.lengthOf(range));
      quota.take(donor, receiver, amount);
      board.cut(range, receiver, amount, "right");
    }
  }
}
