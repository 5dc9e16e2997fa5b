/**
 * Cuts what `equalize` wants to move to a budget. Draining processes come first, over all
 * volumes; then the highest loads come down first, in each volume by a water cut. Receivers
 * farthest below their targets per weight come first. Everyone ends between where it was and
 * where it was to end, so that the next run goes on from there and no address moves twice.
 */
import type { LoadModel } from "../load-model.ts";
import { MILLI } from "../model.ts";
import { shareBudget } from "./budget.ts";
import type { Settlement } from "./settlement.ts";
import { addTo, sumOf } from "./sums.ts";
import { waterCut } from "./water-cut.ts";
import type { BasinKind, Basins } from "./water-level.ts";

/** The settlements that the budget, in addresses, has something for, cut to it. */
export function cutToBudget(
  model: LoadModel,
  settlements: readonly Settlement[],
  budget: number,
): Settlement[] {
  if (settlements.every(({ surplus }) => sumOf(surplus) === 0)) return [];
  const kinds = basinKinds(model);
  const ofDraining = settlements.map(({ surplus }) => onlyOf(model, surplus, { active: false }));
  const ofActive = settlements.map(({ surplus }) => onlyOf(model, surplus, { active: true }));
  const first = shareExtents(settlements, ofDraining, budget);
  const used = first.reduce((sum, share, i) => sum + share * blocksOf(settlements[i]!), 0);
  const second = shareExtents(settlements, ofActive, budget - used);
  return settlements.flatMap((settlement, i) => {
    if (first[i]! + second[i]! === 0) return [];
    const cut = new VolumeCut(model, kinds, settlement);
    const surplus = cut.donors(ofDraining[i]!, first[i]!);
    addTo(surplus, cut.donors(ofActive[i]!, second[i]!));
    return [{ ...settlement, surplus, need: cut.receivers(first[i]! + second[i]!) }];
  });
}

function blocksOf({ volume }: Settlement): number {
  return volume.extentBlocks;
}

/** What those give that are active, or those that are not. */
function onlyOf(
  { classes, classOf }: LoadModel,
  surplus: Float64Array,
  { active }: { active: boolean },
): Float64Array {
  return surplus.map((extents, index) =>
    classes[classOf[index]!]!.active === active ? extents : 0,
  );
}

/** Each volume's share of the budget, in its extents. */
function shareExtents(
  settlements: readonly Settlement[],
  caps: readonly Float64Array[],
  budget: number,
): number[] {
  const needs = settlements.map((settlement, i) => ({
    addresses: sumOf(caps[i]!) * blocksOf(settlement),
    extentBlocks: blocksOf(settlement),
  }));
  return shareBudget(needs, budget).map((share, i) => share / blocksOf(settlements[i]!));
}

/**
 * By class. Plans don't read what weight a draining process had: those who drain give as if they
 * had one and the same.
 */
function basinKinds({ classes }: LoadModel): BasinKind[] {
  return classes.map(({ linked, active, weightMilli }) => {
    return { linked, weightMilli: active ? weightMilli : MILLI };
  });
}

/** What goes of a volume, in extents by process index. */
class VolumeCut {
  readonly #model: LoadModel;
  readonly #kinds: readonly BasinKind[];
  readonly #settlement: Settlement;

  constructor(model: LoadModel, kinds: readonly BasinKind[], settlement: Settlement) {
    this.#model = model;
    this.#kinds = kinds;
    this.#settlement = settlement;
  }

  /** By their work, each at most its cap. */
  donors(caps: Float64Array, amount: number): Float64Array {
    const { volume, before: heights } = this.#settlement;
    const { scale, linkWorkPerAddress } = this.#model;
    const linkWork = linkWorkPerAddress * BigInt(volume.blockCount / volume.extentBlocks);
    return this.#cut({ heights, caps, scale, linkWork }, amount);
  }

  /** By what they need. */
  receivers(amount: number): Float64Array {
    const { need } = this.#settlement;
    return this.#cut({ heights: need, caps: need, scale: 1n, linkWork: 0n }, amount);
  }

  #cut(
    basins: Pick<Basins, "heights" | "caps" | "scale" | "linkWork">,
    amount: number,
  ): Float64Array {
    const [kinds, kindOf] = [this.#kinds, this.#model.classOf];
    const { tie } = this.#settlement;
    return waterCut({ basins: { kinds, kindOf, ...basins }, amount, tie });
  }
}
