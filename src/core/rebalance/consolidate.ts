/**
 * Merges what has crumbled, without changing anybody's size by more than the tolerance: volume by
 * volume in id order, each with what the ones before have left of the budget. First short ranges
 * go to a neighbour, which costs least where the tolerance lets them (crumbs.ts); then stretches
 * are sorted as far as the budget reaches (stretch-tree.ts), up to one range for each owner.
 * Without a tolerance and with enough of a budget the volume is one such stretch from the first.
 */
import { isActive, type LoadModel } from "../load-model.ts";
import { MICRO, type Volume } from "../model.ts";
import type { RangeColumns } from "../ranges.ts";
import { CrumbMerging } from "./crumbs.ts";
import { processRanges } from "./process-ranges.ts";
import type { Proposal } from "./proposal.ts";
import { SortingSpace, StretchSorter } from "./stretch-sorter.ts";
import { StretchTree } from "./stretch-tree.ts";
import { type Transfer, transferOf, transferTo } from "./transfer.ts";
import type { Explanation, RebalanceRequest } from "./types.ts";
import { addressesIn } from "./volume-moves.ts";

/** Up to here it takes no time to look at both ways of merging all there is. */
const BOTH_WAYS_RANGES_MAX = 256;

export function consolidate(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
): Proposal {
  const plannedRanges = sumOf(volumes, ({ map }) => map.rangeCount);
  const space = new SortingSpace(model.processes.length);
  const mergings = volumes.map((volume) => {
    const slack = slackOf(model, volume, request.toleranceMicro ?? 0);
    return new VolumeMerging(model, volume, { slack, plannedRanges, space });
  });
  const merged = mergeWithin(mergings, request.maxMovedAddresses ?? Number.POSITIVE_INFINITY);
  const minimumMovedAddresses = sumOf(merged, ({ needed }) => needed);
  const moved = sumOf(merged, (volume) => volume.moved);
  const isAll = moved === minimumMovedAddresses;
  return {
    transfers: merged.filter((volume) => volume.moved > 0).map((volume) => volume.transfer()),
    minimumMovedAddresses,
    movedWithAmpleBudget: isAll
      ? moved
      : sumOf(mergeWithin(mergings, minimumMovedAddresses), (volume) => volume.moved),
    explanations: merged.map(explain),
  };
}

function mergeWithin(mergings: readonly VolumeMerging[], budget: number): MergedVolume[] {
  let left = budget;
  return mergings.map((merging) => {
    const merged = merging.within(left);
    left -= merged.moved;
    return merged;
  });
}

function sumOf<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}

interface MergingBounds {
  /** How many addresses a size may change by. */
  readonly slack: number;
  /** Of all volumes of the plan. */
  readonly plannedRanges: number;
  readonly space: SortingSpace;
}

/** One volume, for any budget: what doesn't depend on it is found once. */
class VolumeMerging {
  readonly volume: Volume;
  readonly #model: LoadModel;
  readonly #bounds: MergingBounds;
  /** Without a budget. */
  readonly #all: Merged;
  #crumbsMerged: CrumbsMerged | undefined;

  constructor(model: LoadModel, volume: Volume, bounds: MergingBounds) {
    this.volume = volume;
    this.#model = model;
    this.#bounds = bounds;
    this.#all = bounds.slack === 0 ? this.#cheapest() : this.#sortedInParts();
  }

  /** `budget` in addresses. */
  within(budget: number): MergedVolume {
    const { volume } = this;
    const all = this.#all;
    if (all.moved <= budget) return { ...all, volume, needed: all.moved };
    const { moved, sort } = this.#afterCrumbs();
    const part = mergedBy(moved > budget ? this.#crumbsWithin(budget) : sort(budget - moved));
    // Merged first, it can take a little less.
    const isAll = part.rangeCount === all.rangeCount;
    return { ...part, volume, needed: isAll ? part.moved : all.moved };
  }

  /** On a small map, parts may come to as few ranges with less movement. */
  #cheapest(): Merged {
    const atOnce = this.#sortedAtOnce();
    if (atOnce && this.volume.map.rangeCount > BOTH_WAYS_RANGES_MAX) return atOnce;
    const inParts = this.#sortedInParts();
    const isCheaper = inParts.rangeCount === atOnce?.rangeCount && inParts.moved < atOnce.moved;
    return atOnce && !isCheaper ? atOnce : inParts;
  }

  /** As one sorted stretch; nothing where that removes no range or is not allowed. */
  #sortedAtOnce(): Merged | undefined {
    const { map } = this.volume;
    const sorter = this.#sorterOf(processRanges(this.#model, map));
    const { removed, moved } = sorter.measure(0, sorter.count);
    if (removed === 0) return undefined;
    const transfer = () => this.#transferTo(sorter.sorted([{ from: 0, to: sorter.count }]));
    return { moved, rangeCount: map.rangeCount - removed, transfer };
  }

  #sortedInParts(): Merged {
    return mergedBy(this.#afterCrumbs().sort(Number.POSITIVE_INFINITY));
  }

  #crumbs(limit: number) {
    return new CrumbMerging(this.#model, this.volume, { ...this.#bounds, limit }).run();
  }

  #crumbsWithin(budget: number): Transfer {
    return transferOf(this.#crumbs(budget).board, this.volume);
  }

  #afterCrumbs(): CrumbsMerged {
    if (this.#crumbsMerged) return this.#crumbsMerged;
    const { moved, board } = this.#crumbs(Number.POSITIVE_INFINITY);
    const sorter = this.#sorterOf(board.ranges());
    const tree = new StretchTree(sorter, this.#bounds.plannedRanges);
    const sort = (budget: number) => this.#transferTo(sorter.sorted(tree.choose(budget)));
    this.#crumbsMerged = { moved, sort };
    return this.#crumbsMerged;
  }

  #sorterOf(ranges: RangeColumns): StretchSorter {
    const mayReceive = (index: number) => isActive(this.#model, index);
    return new StretchSorter(ranges, { mayReceive, space: this.#bounds.space });
  }

  #transferTo(after: RangeColumns): Transfer {
    return transferTo(this.#model, this.volume, after);
  }
}

/** What becomes of a volume's map, which is made where it is asked for. */
interface Merged {
  /** Addresses. */
  readonly moved: number;
  /** Afterwards. */
  readonly rangeCount: number;
  readonly transfer: () => Transfer;
}

interface MergedVolume extends Merged {
  readonly volume: Volume;
  /** What would move without a budget. */
  readonly needed: number;
}

function mergedBy(transfer: Transfer): Merged {
  const { moves, rangeCount } = transfer;
  return { moved: addressesIn(moves), rangeCount, transfer: () => transfer };
}

/** What there is to do once all crumbs are merged. */
interface CrumbsMerged {
  /** What merging them has moved. */
  readonly moved: number;
  /** Sorts stretches for at most so many moved addresses more. */
  readonly sort: (budget: number) => Transfer;
}

/** The tolerance in addresses, in whole extents. */
function slackOf(model: LoadModel, volume: Volume, toleranceMicro: number): number {
  const extents = volume.blockCount / volume.extentBlocks;
  const share = BigInt(MICRO) * BigInt(model.processCount);
  const slack = Number((BigInt(toleranceMicro) * BigInt(extents)) / share);
  return Math.min(slack, extents) * volume.extentBlocks;
}

function explain({ volume: { id, map }, moved, needed, rangeCount }: MergedVolume): Explanation {
  if (needed === 0) {
    const detail = `no ranges of volume ${id} can be merged within the tolerance`;
    return { code: "nothing-to-consolidate", detail, volumeId: id };
  }
  const removed = map.rangeCount - rangeCount;
  const detail = `removes ${removed} of ${map.rangeCount} ranges of volume ${id} by moving ${moved} addresses`;
  return { code: "consolidates", detail, volumeId: id };
}
