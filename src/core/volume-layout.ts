/** Where the addresses of a new volume go, and those that a volume grows by. */
import type { AddressMap } from "./address-map.ts";
import type { ClusterState } from "./cluster-state.ts";
import { Refusal } from "./errors.ts";
import { type LoadModel, loadModelOf } from "./load-model.ts";
import type { OwnedRange, VolumeId } from "./model.ts";
import { settledSizes } from "./rebalance/settled-sizes.ts";
import { classTargets, targetShares } from "./rebalance/targets.ts";
import { tieOrder } from "./rebalance/tie-order.ts";

interface NewVolume {
  readonly volumeId: VolumeId;
  /** A multiple of `extentBlocks`. */
  readonly blockCount: number;
  readonly extentBlocks: number;
}

/**
 * One contiguous part per active C-node, in C-node id order, sized by weight. Who gets nothing is
 * left out. Refuses with `no-active-processes`.
 */
export function firstLayout(state: ClusterState, volume: NewVolume): OwnedRange[] {
  const model = loadModelOf(state);
  return layOut(model, inCNodeOrder(model), volume, 0);
}

/**
 * The blocks from the map's end up to `blockCount`, shared by weight: the owner of the last range
 * first where it is active, so that its range goes on, then in C-node id order. Refuses with
 * `no-active-processes`.
 */
export function growthLayout(
  state: ClusterState,
  { map, ...volume }: NewVolume & { readonly map: AddressMap },
): OwnedRange[] {
  const model = loadModelOf(state);
  const last = model.indexOfCNode.get(map.ownerAt(map.blockCount - 1));
  const order = inCNodeOrder(model);
  order.sort((a, b) => Number(b === last) - Number(a === last));
  return layOut(model, order, volume, map.blockCount);
}

function layOut(
  model: LoadModel,
  order: readonly number[],
  { volumeId, blockCount, extentBlocks }: NewVolume,
  firstLba: number,
): OwnedRange[] {
  if (model.processCount === 0) {
    throw new Refusal("no-active-processes", {
      detail: `no active process can own addresses of volume ${volumeId}`,
      correction: "register a process, or set one to active, and try again",
    });
  }
  const extents = (blockCount - firstLba) / extentBlocks;
  const toleranceMicro = 0;
  const shares = targetShares(model, { linkWork: false });
  const targets = classTargets(model, shares, { extents, toleranceMicro });
  const before = new Float64Array(model.processes.length);
  const tie = tieOrder(model, volumeId);
  const sizes = settledSizes(model, { extents, targets, toleranceMicro, before, tie });
  const ranges: OwnedRange[] = [];
  let next = firstLba;
  for (const index of order) {
    const length = sizes[index]! * extentBlocks;
    if (length === 0) continue;
    const { cNodeId } = model.processes[index]!;
    ranges.push({ firstLba: next, lastLba: next + length - 1, cNodeId });
    next += length;
  }
  return ranges;
}

/** All processes by the ids of their C-nodes. Inactive ones have size 0, so they may be there. */
function inCNodeOrder({ processes }: LoadModel): number[] {
  return [...processes.keys()].sort((a, b) =>
    processes[a]!.cNodeId < processes[b]!.cNodeId ? -1 : 1,
  );
}
