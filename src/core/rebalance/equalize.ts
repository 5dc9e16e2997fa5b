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
import { transferAddresses } from "./transfer.ts";
import type { RebalanceRequest } from "./types.ts";

export function equalize(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
): Proposal {
  const toleranceMicro = request.toleranceMicro ?? 0;
  const unsettled = volumes.flatMap((volume) => settle(model, volume, toleranceMicro) ?? []);
  const affordable =
    request.maxMovedAddresses === undefined
      ? unsettled
      : cutToBudget(model, unsettled, request.maxMovedAddresses);
  const transfers = affordable.map(({ volume, surplus, need }) => {
    const inAddresses = (extents: number) => extents * volume.extentBlocks;
    const quota = new FreeQuota(surplus.map(inAddresses), need.map(inAddresses));
    return transferAddresses(model, volume, quota);
  });
  const heldBack =
    unsettled.length === 0 &&
    toleranceMicro > 0 &&
    volumes.some((volume) => settle(model, volume, 0) !== undefined);
  return {
    transfers,
    minimumMovedAddresses: unsettled.reduce((sum, settlement) => sum + toMove(settlement), 0),
    explanations: whyEqualized(model, { volumes, unsettled, transfers, heldBack }),
  };
}
