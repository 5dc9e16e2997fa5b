/**
 * The fixed point: the share of every C-node follows from the load model, and the table goes
 * there with the least movement, as far as the budget reaches. It goes beyond the figures: it
 * honours weights, places processes that own nothing yet and empties draining ones.
 */
import type { LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { cutToBudget } from "./equalize-budget.ts";
import { whyEqualized } from "./equalize-reasons.ts";
import type { Proposal } from "./proposal.ts";
import { FreeQuota } from "./quota.ts";
import { settle, toMove } from "./settlement.ts";
import { ShareTally } from "./shares.ts";
import { scaled } from "./sums.ts";
import { targetShares } from "./targets.ts";
import { whatToleranceHolds } from "./tolerance-reasons.ts";
import { transferAddresses } from "./transfer.ts";
import type { RebalanceRequest } from "./types.ts";

export function equalize(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
): Proposal {
  const toleranceMicro = request.toleranceMicro ?? 0;
  const shares = targetShares(model, { linkWork: true });
  const settlements = volumes.map((volume) => settle(model, volume, { shares, toleranceMicro }));
  const unsettled = settlements.filter((settlement) => toMove(settlement) > 0);
  const tally = new ShareTally(model, shares);
  for (const settlement of settlements) tally.addDecided(settlement);
  const affordable =
    request.maxMovedAddresses === undefined
      ? unsettled
      : cutToBudget(model, unsettled, request.maxMovedAddresses);
  const transfers = affordable.map((settlement) => {
    tally.addMoved(settlement);
    const { volume, surplus, need } = settlement;
    const inAddresses = (extents: Float64Array) => scaled(extents, volume.extentBlocks);
    const quota = new FreeQuota(inAddresses(surplus), inAddresses(need));
    return transferAddresses(model, volume, quota);
  });
  const minimumMovedAddresses = unsettled.reduce((sum, settlement) => sum + toMove(settlement), 0);
  const heldBack = whatToleranceHolds(model, settlements, {
    ...{ shares, toleranceMicro, minimumMovedAddresses, budget: request.maxMovedAddresses },
  });
  return {
    transfers,
    minimumMovedAddresses,
    movedWithAmpleBudget: minimumMovedAddresses,
    reckonings: tally.shares(),
    explanations: whyEqualized(model, { settlements, affordable, heldBack }),
  };
}
