/** What every plan must keep, checked address by address, as far as boundaries tell them apart. */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { CNodeId, Volume } from "../../src/core/model.ts";
import type { Move, Plan, RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, mapsOf, sizesIn } from "./cluster.ts";

export function expectSound(state: ClusterState, request: RebalanceRequest, plan: Plan): void {
  let moved = 0;
  let rangesAfter = 0;
  const maps = mapsOf(state, plan);
  for (const volume of state.volumes.values()) {
    const after = maps.find(({ volumeId }) => volumeId === volume.id);
    const moves = [...plan.moves].filter(({ volumeId }) => volumeId === volume.id);
    expect(after !== undefined).toBe(moves.length > 0);
    const next: Volume = after ? { ...volume, map: after.map } : volume;
    const { moved: here, lost } = expectMovesLeadTo(volume, next, moves);
    // Whoever merges ranges exchanges addresses, so that more move than anybody loses.
    if (request.strategy === "consolidate") expect(here).toBeGreaterThanOrEqual(lost);
    else expect(here).toBe(lost);
    moved += here;
    rangesAfter += next.map.rangeCount;
  }
  expect(plan.movedAddresses).toBe(moved);
  expect(plan.remainingAddresses).toBe(plan.minimumMovedAddresses - moved);
  expect(plan.remainingAddresses).toBeGreaterThanOrEqual(0);
  expect(moved).toBeLessThanOrEqual(request.maxMovedAddresses ?? Number.MAX_SAFE_INTEGER);
  expect(plan.rangesAfter).toBe(rangesAfter);
  expectSizes(state, applyPlan(state, plan), plan);
  expect(plan.imbalance.after).toBeGreaterThanOrEqual(1 - 1e-12);
  if (plan.moves.length === 0) expect(plan.explanations.length).toBeGreaterThan(0);
  const volumeOrder = maps.map(({ volumeId }) => volumeId);
  expect(volumeOrder).toEqual(volumeOrder.toSorted());
  expect([...new Set(Array.from(plan.moves, ({ volumeId }) => volumeId))]).toEqual(volumeOrder);
  expect(plan.planHash).toBe(hashOf(plan));
}

function expectSizes(before: ClusterState, after: ClusterState, { processes }: Plan): void {
  const owned = ({ volumes }: ClusterState, cNodeId: CNodeId) =>
    [...volumes.values()].reduce((sum, { map }) => sum + map.sizeOf(cNodeId), 0);
  for (const { processId, addressesBefore, addressesAfter } of processes) {
    const { cNodeId } = before.processes.get(processId)!;
    expect([addressesBefore, addressesAfter]).toEqual([
      owned(before, cNodeId),
      owned(after, cNodeId),
    ]);
  }
}

/** Returns the moved addresses, and the least that any way between the two sets of sizes moves. */
function expectMovesLeadTo(before: Volume, after: Volume, moves: readonly Move[]) {
  const { blockCount, extentBlocks } = before;
  expect(after.map.blockCount).toBe(blockCount);
  let end = 0;
  let moved = 0;
  for (const [i, move] of moves.entries()) {
    holds(move.firstLba >= end && move.lastLba >= move.firstLba, "moves are in order", move);
    end = move.lastLba + 1;
    const onExtents = move.firstLba % extentBlocks === 0 && end % extentBlocks === 0;
    holds(onExtents, "boundaries are on extents", move);
    const last = moves[i - 1];
    const joins =
      last?.lastLba === move.firstLba - 1 &&
      last.fromCNodeId === move.fromCNodeId &&
      last.toCNodeId === move.toCNodeId;
    holds(!joins, "neighbours with the same two ends are one move", move);
    moved += end - move.firstLba;
  }
  const starts = new Set<number>();
  for (const { firstLba } of before.map.ranges()) starts.add(firstLba);
  for (const { firstLba } of after.map.ranges()) starts.add(firstLba);
  for (const { firstLba, lastLba } of moves) starts.add(firstLba).add(lastLba + 1);
  starts.delete(blockCount);
  let next = 0;
  for (const lba of [...starts].sort((a, b) => a - b)) {
    while (next < moves.length && moves[next]!.lastLba < lba) next++;
    const move = moves[next];
    const [from, to] = [before.map.ownerAt(lba), after.map.ownerAt(lba)];
    const right =
      move && move.firstLba <= lba
        ? from === move.fromCNodeId && to === move.toCNodeId && from !== to
        : from === to;
    holds(right, "the map has changed as the moves say", { lba, from, to, move });
  }
  let lost = 0;
  for (const [cNodeId, size] of sizesIn(before.map)) {
    lost += Math.max(0, size - after.map.sizeOf(cNodeId));
  }
  return { moved, lost };
}

/** Volumes and C-nodes are numbered in the order in which the moves name them. */
function hashOf({ baseRevision, moves }: Plan): string {
  const all = [...moves];
  const volumeIds = [...new Set(all.map(({ volumeId }) => volumeId))];
  const cNodeIds = [...new Set(all.flatMap((move) => [move.fromCNodeId, move.toCNodeId]))];
  const hash = createHash("sha256").update(JSON.stringify([baseRevision, volumeIds, cNodeIds]));
  hash.update(Float64Array.from(all, ({ firstLba }) => firstLba));
  hash.update(Float64Array.from(all, ({ lastLba }) => lastLba));
  hash.update(Uint32Array.from(all, ({ volumeId }) => volumeIds.indexOf(volumeId)));
  hash.update(Uint32Array.from(all, ({ fromCNodeId }) => cNodeIds.indexOf(fromCNodeId)));
  hash.update(Uint32Array.from(all, ({ toCNodeId }) => cNodeIds.indexOf(toCNodeId)));
  return hash.digest("hex");
}

/** Like `expect`, for checks that are made a million times. */
function holds(condition: boolean, what: string, where: unknown): void {
  if (!condition) throw new Error(`${what}: ${JSON.stringify(where)}`);
}
