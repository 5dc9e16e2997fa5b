/**
 * Cuts what `equalize` wants to move to a budget. Draining processes come first, over all
 * volumes; then the highest loads come down first, in each volume by a water cut. Receivers
 * farthest below their targets per weight come first. Everyone ends between where it was and
 * where it was to end, so that the next run goes on from there and no address moves twice.
 */
import { type LoadModel, workOf } from "../load-model.ts";
import { MILLI } from "../model.ts";
import { shareBudget } from "./budget.ts";
import type { Settlement } from "./settlement.ts";
import { tieOrder } from "./turns.ts";
import { type Basin, waterCut } from "./water-cut.ts";

/** The settlements that the budget, in addresses, has something for, cut to it. */
export function cutToBudget(
  model: LoadModel,
  settlements: readonly Settlement[],
  budget: number,
): Settlement[] {
  const total = settlements.reduce((sum, { surplus }) => sum + sumOf(surplus), 0);
  if (total === 0) return [];
  const isActive = (index: number) => model.classes[model.classOf[index]!]!.active;
  const ofDraining = settlements.map(({ surplus }) =>
    surplus.map((extents, index) => (isActive(index) ? 0 : extents)),
  );
  const ofActive = settlements.map(({ surplus }) =>
    surplus.map((extents, index) => (isActive(index) ? extents : 0)),
  );
  const first = shareExtents(settlements, ofDraining, budget);
  const used = first.reduce((sum, share, i) => sum + share * blocksOf(settlements[i]!), 0);
  const second = shareExtents(settlements, ofActive, budget - used);
  return settlements.flatMap((settlement, i) => {
    if (first[i]! + second[i]! === 0) return [];
    const surplus = new Float64Array(settlement.surplus.length);
    addDonors(model, settlement, { caps: ofDraining[i]!, amount: first[i]!, into: surplus });
    addDonors(model, settlement, { caps: ofActive[i]!, amount: second[i]!, into: surplus });
    const need = cutNeed(model, settlement, first[i]! + second[i]!);
    return [{ ...settlement, surplus, need }];
  });
}

function blocksOf({ volume }: Settlement): number {
  return volume.extentBlocks;
}

function sumOf(extents: Float64Array): number {
  return extents.reduce((sum, value) => sum + value, 0);
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

interface Cut {
  readonly caps: Float64Array;
  readonly amount: number;
  readonly into: Float64Array;
}

function addDonors(
  model: LoadModel,
  { volume, before }: Settlement,
  { caps, amount, into }: Cut,
): void {
  const extents = volume.blockCount / volume.extentBlocks;
  const basins = basinsOf(model, caps, (index) =>
    workOf(model, model.classes[model.classOf[index]!]!, before[index]!, extents),
  );
  const tie = tieOrder(model, volume.id);
  const shares = waterCut({ basins, amount, scale: model.scale, tie });
  for (const [index, share] of shares) into[index] = share;
}

function cutNeed(model: LoadModel, { volume, need }: Settlement, amount: number): Float64Array {
  const basins = basinsOf(model, need, (index) => BigInt(need[index]!));
  const tie = tieOrder(model, volume.id);
  const cut = new Float64Array(need.length);
  for (const [index, share] of waterCut({ basins, amount, scale: 1n, tie })) cut[index] = share;
  return cut;
}

/**
 * A basin for everyone who has something to give (or to get). Plans don't read what weight a
 * draining process had: those who drain give as if they had one and the same.
 */
function basinsOf(
  model: LoadModel,
  caps: Float64Array,
  workOfProcess: (index: number) => bigint,
): Basin[] {
  const basins: Basin[] = [];
  for (const [index, cap] of caps.entries()) {
    if (cap === 0) continue;
    const { active, weightMilli } = model.classes[model.classOf[index]!]!;
    const weight = active ? weightMilli : MILLI;
    basins.push({ index, work: workOfProcess(index), weightMilli: weight, cap });
  }
  return basins;
}
