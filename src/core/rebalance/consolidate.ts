/**
 * Merges what has crumbled, without changing anybody's size by more than the tolerance: volume by
 * volume in id order, each with what the ones before have left of the budget. First short ranges
 * go to a neighbour, which costs least where the tolerance lets them (crumbs.ts); then stretches
 * are sorted as far as the budget reaches (stretch-tree.ts), up to one range for each owner.
 * Without a tolerance and with enough of a budget the volume is one such stretch from the first.
 */
import type { AddressMap } from "../address-map.ts";
import type { LoadModel } from "../load-model.ts";
import { type CNodeId, MICRO, type OwnedRange, type Volume } from "../model.ts";
import { CrumbMerging } from "./crumbs.ts";
import type { Proposal } from "./proposal.ts";
import { StretchSorter } from "./stretch-sorter.ts";
import { StretchTree } from "./stretch-tree.ts";
import { type Transfer, transferTo } from "./transfer.ts";
import type { Explanation, RebalanceRequest } from "./types.ts";
import { addressesIn } from "./volume-moves.ts";

export function consolidate(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
): Proposal {
  const { moved, ...merged } = mergeWithin(model, volumes, request);
  const { minimumMovedAddresses } = merged;
  if (moved === minimumMovedAddresses) return { ...merged, movedWithAmpleBudget: moved };
  const ample = { ...request, maxMovedAddresses: minimumMovedAddresses };
  return { ...merged, movedWithAmpleBudget: mergeWithin(model, volumes, ample).moved };
}

function mergeWithin(model: LoadModel, volumes: readonly Volume[], request: RebalanceRequest) {
  const transfers: Transfer[] = [];
  const explanations: Explanation[] = [];
  let [minimumMovedAddresses, moved] = [0, 0];
  const budget = request.maxMovedAddresses ?? Number.POSITIVE_INFINITY;
  for (const volume of volumes) {
    const slack = slackOf(model, volume, request.toleranceMicro ?? 0);
    const bounds = { slack, budget: budget - moved };
    const { transfer, needed } = consolidateVolume(model, volume, bounds);
    const amount = addressesIn(transfer.moves);
    minimumMovedAddresses += needed;
    moved += amount;
    explanations.push(explain(volume, transfer, { moved: amount, needed }));
    if (amount > 0) transfers.push(transfer);
  }
  return { transfers, minimumMovedAddresses, moved, explanations };
}

/** `slack` and `budget` in addresses; `needed`: what would move without a budget. */
function consolidateVolume(
  model: LoadModel,
  volume: Volume,
  { slack, budget }: { readonly slack: number; readonly budget: number },
): { readonly transfer: Transfer; readonly needed: number } {
  const whole = slack === 0 ? sortedWhole(model, volume) : undefined;
  if (whole && addressesIn(whole.moves) <= budget) {
    return { transfer: whole, needed: addressesIn(whole.moves) };
  }
  const merge = (limit: number) => new CrumbMerging(model, volume, { slack, limit }).run();
  const merged = merge(Number.POSITIVE_INFINITY);
  const sort = sorting(model, merged.transfer.map);
  const full = whole ?? transferTo(sort(Number.POSITIVE_INFINITY), model, volume);
  const rest = budget - merged.moved;
  const transfer = rest < 0 ? merge(budget).transfer : transferTo(sort(rest), model, volume);
  // Merged first, it can take a little less.
  const isAll = transfer.map.rangeCount === full.map.rangeCount;
  return { transfer, needed: addressesIn((isAll ? transfer : full).moves) };
}

/** The volume as one sorted stretch; nothing where that removes no range or is not allowed. */
function sortedWhole(model: LoadModel, volume: Volume): Transfer | undefined {
  const sorter = sorterOf(model, volume.map);
  if (sorter.measure(0, sorter.count).removed === 0) return undefined;
  return transferTo(volume.map.paint(sorter.sorted(0, sorter.count)), model, volume);
}

/** The map with stretches sorted, for at most so many moved addresses. */
function sorting(model: LoadModel, map: AddressMap): (budget: number) => AddressMap {
  const sorter = sorterOf(model, map);
  const tree = new StretchTree(sorter);
  return (budget) => {
    const sorted = function* (): IterableIterator<OwnedRange> {
      for (const { from, to } of tree.choose(budget)) yield* sorter.sorted(from, to);
    };
    return map.paint(sorted());
  };
}

function sorterOf(model: LoadModel, map: AddressMap): StretchSorter {
  const ranges = map.columns();
  const isActive = (cNodeId: CNodeId) => {
    const index = model.indexOfCNode.get(cNodeId);
    return index !== undefined && model.classes[model.classOf[index]!]!.active;
  };
  return new StretchSorter(ranges, ranges.owners.map(isActive));
}

/** The tolerance in addresses, in whole extents. */
function slackOf(model: LoadModel, volume: Volume, toleranceMicro: number): number {
  const extents = volume.blockCount / volume.extentBlocks;
  const share = BigInt(MICRO) * BigInt(model.processCount);
  const slack = Number((BigInt(toleranceMicro) * BigInt(extents)) / share);
  return Math.min(slack, extents) * volume.extentBlocks;
}

function explain(
  { id, map }: Volume,
  transfer: Transfer,
  { moved, needed }: { readonly moved: number; readonly needed: number },
): Explanation {
  if (needed === 0) {
    const detail = `no ranges of volume ${id} can be merged within the tolerance`;
    return { code: "nothing-to-consolidate", detail, volumeId: id };
  }
  const removed = map.rangeCount - transfer.map.rangeCount;
  const detail = `removes ${removed} of ${map.rangeCount} ranges of volume ${id} by moving ${moved} addresses`;
  return { code: "consolidates", detail, volumeId: id };
}
