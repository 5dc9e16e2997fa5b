/**
 * What `pairwise` and `proportional` have in common: volume by volume, donors give in order until
 * the budget is used up, and a volume is left alone where that would not make it more even. A
 * volume left alone uses up neither budget nor turn.
 */
import { countAddresses, type LoadModel, lowersSpread } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { changesBy, FlowTally } from "./flow-tally.ts";
import type { Flows } from "./flows.ts";
import type { Proposal } from "./proposal.ts";
import { FlowQuota } from "./quota.ts";
import { type Transfer, transferAddresses } from "./transfer.ts";
import type { Explanation, RebalanceRequest } from "./types.ts";

export interface FlowQuestion {
  readonly volume: Volume;
  /** Addresses of each process before, by process index. */
  readonly counts: Float64Array;
  /** The most addresses that may move. */
  readonly limit: number;
  /** Where the rotation over the receivers stands. */
  readonly turn: number;
}

/** Amounts in addresses. */
export interface FlowAnswer {
  /** All in whole extents. */
  readonly flows: Flows;
  /** What each process gets or, negative, gives before amounts are rounded, by process index. */
  readonly exact: Float64Array;
  /** Where the rotation stands afterwards. */
  readonly turn: number;
}

export interface FlowStrategy {
  /** The processes that give, by index. */
  readonly donors: readonly number[];
  answer(question: FlowQuestion): FlowAnswer;
}

export function planFlows(
  model: LoadModel,
  volumes: readonly Volume[],
  request: RebalanceRequest,
  strategy: FlowStrategy,
): Proposal {
  const transfers: Transfer[] = [];
  const explanations: Explanation[] = [];
  const tally = new FlowTally(model.processes.length);
  let [minimumMovedAddresses, turn] = [0, 0];
  let budget = request.maxMovedAddresses ?? Number.POSITIVE_INFINITY;
  for (const volume of volumes) {
    const counts = countAddresses(model, [volume.map]);
    const limit = Number.isFinite(budget) ? budget - (budget % volume.extentBlocks) : budget;
    const full = strategy.answer({ volume, counts, limit: Number.POSITIVE_INFINITY, turn });
    if (full.flows.total === 0) {
      const owned = strategy.donors.reduce((sum, index) => sum + counts[index]!, 0);
      explanations.push(whyNothing(volume, owned, request));
      continue;
    }
    const cut = full.flows.total <= limit ? full : strategy.answer({ volume, counts, limit, turn });
    // With nothing left of the budget, the question is whether there is something left to do.
    const judged = cut.flows.total > 0 ? cut : full;
    const improves = lowersSpread(
      model,
      counts,
      volume.blockCount,
      changesBy(judged.flows, counts.length),
    );
    if (!improves && !request.force) {
      explanations.push(wouldNotImprove(volume, judged.flows.total));
      continue;
    }
    minimumMovedAddresses += full.flows.total;
    tally.add({ exact: full.exact, full: full.flows, cut: cut.flows });
    if (cut.flows.total === 0) continue;
    if (!improves) explanations.push(forced(volume, cut.flows.total));
    budget -= cut.flows.total;
    turn = cut.turn;
    transfers.push(transferAddresses(model, volume, new FlowQuota(cut.flows, counts.length)));
  }
  return { transfers, minimumMovedAddresses, explanations, reckonings: tally.flows() };
}

function wouldNotImprove({ id }: Volume, amount: number): Explanation {
  const detail = `moving ${amount} addresses of volume ${id} would not make its loads more even`;
  const counterfactual = { force: true, movedAddresses: amount } as const;
  return { code: "would-not-improve", detail, volumeId: id, counterfactual };
}

function forced({ id }: Volume, amount: number): Explanation {
  const detail = `${amount} addresses of volume ${id} move, yet its loads get no more even`;
  return { code: "forced", detail, volumeId: id };
}

/** `owned`: the addresses that the donors own of the volume. */
function whyNothing(
  { id, extentBlocks }: Volume,
  owned: number,
  { strategy, transfer }: RebalanceRequest,
): Explanation {
  if (owned === 0) {
    const detail = `the linked processes own no addresses of volume ${id}`;
    return { code: "nothing-to-give", detail, volumeId: id };
  }
  if (strategy === "pairwise" && !transfer) {
    const detail = `no pair gets more even by moving addresses of volume ${id}`;
    return { code: "would-not-improve", detail, volumeId: id };
  }
  const unit = extentBlocks === 1 ? "addresses" : `addresses in extents of ${extentBlocks}`;
  const detail = `of ${owned} ${unit} of volume ${id}, every amount rounds to nothing`;
  return { code: "rounded-to-nothing", detail, volumeId: id };
}
