/**
 * Merges what has crumbled, without changing anybody's size by more than the tolerance: volume by
 * volume in id order, each with what the ones before have left of the budget.
 */
import type { LoadModel } from "../load-model.ts";
import { MICRO, type Volume } from "../model.ts";
import { Consolidation } from "./consolidate-ranges.ts";
import type { Proposal } from "./proposal.ts";
import type { Transfer } from "./transfer.ts";
import type { Explanation, RebalanceRequest } from "./types.ts";

export function consolidate(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
): Proposal {
  const transfers: Transfer[] = [];
  const explanations: Explanation[] = [];
  let minimumMovedAddresses = 0;
  let budget = request.maxMovedAddresses ?? Number.POSITIVE_INFINITY;
  for (const volume of volumes) {
    const slack = slackOf(model, volume, request.toleranceMicro ?? 0);
    const run = (limit: number) => new Consolidation(model, volume, { slack, limit }).run();
    const full = run(Number.POSITIVE_INFINITY);
    minimumMovedAddresses += full.moved;
    const { transfer, moved } = full.moved <= budget ? full : run(budget);
    budget -= moved;
    explanations.push(explain(volume, transfer, { moved, needed: full.moved }));
    if (moved > 0) transfers.push(transfer);
  }
  return { transfers, minimumMovedAddresses, explanations };
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
