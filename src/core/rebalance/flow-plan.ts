/**
 * What `pairwise` and `proportional` have in common: volume by volume, donors give in order until
 * the budget is used up, and a volume is left alone where that would not make it more even. A
 * volume left alone uses up neither budget nor turn.
 */
import { Refusal } from "../errors.ts";
import { lowersSpread } from "../imbalance.ts";
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { FlowTally } from "./flow-tally.ts";
import { AMOUNTS_MAX, type Flows } from "./flows.ts";
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

/** What becomes of a volume. */
interface Decision {
  /** Absent: it is left alone. */
  readonly given?: { readonly volume: Volume; readonly full: FlowAnswer; readonly cut: FlowAnswer };
  readonly explanation?: Explanation;
}

interface FlowOrder {
  readonly model: LoadModel;
  readonly volumes: readonly Volume[];
  readonly request: RebalanceRequest;
  readonly strategy: FlowStrategy;
}

export function planFlows(order: FlowOrder): Proposal {
  const { model, request } = order;
  const transfers: Transfer[] = [];
  const explanations: Explanation[] = [];
  const tally = new FlowTally(model.processes.length);
  let [minimumMovedAddresses, moved, amounts] = [0, 0, 0];
  for (const { given, explanation } of decisions(order)) {
    if (explanation) explanations.push(explanation);
    if (!given) continue;
    const { volume, full, cut } = given;
    minimumMovedAddresses += full.flows.total;
    moved += cut.flows.total;
    amounts += cut.flows.count;
    if (amounts > AMOUNTS_MAX) throw tooManyMoves(amounts, request);
    tally.add({ exact: full.exact, full: full.flows, cut: cut.flows });
    if (cut.flows.total === 0) continue;
    transfers.push(transferAddresses(model, volume, new FlowQuota(cut.flows)));
  }
  const ample = { ...request, maxMovedAddresses: minimumMovedAddresses };
  return {
    ...{ transfers, minimumMovedAddresses, explanations, reckonings: tally.flows() },
    movedWithAmpleBudget:
      moved < minimumMovedAddresses ? movedBy({ ...order, request: ample }) : moved,
  };
}

/**
 * Without choosing the addresses, which takes longer than all the rest. Undefined where it would be
 * refused.
 */
function movedBy(order: FlowOrder): number | undefined {
  let [moved, amounts] = [0, 0];
  for (const { given } of decisions(order)) {
    moved += given?.cut.flows.total ?? 0;
    amounts += given?.cut.flows.count ?? 0;
  }
  return amounts > AMOUNTS_MAX ? undefined : moved;
}

function* decisions({ model, volumes, request, strategy }: FlowOrder): IterableIterator<Decision> {
  let turn = 0;
  let budget = request.maxMovedAddresses ?? Number.POSITIVE_INFINITY;
  for (const volume of volumes) {
    const counts = countAddresses(model, [volume.map]);
    const limit = Number.isFinite(budget) ? budget - (budget % volume.extentBlocks) : budget;
    const full = strategy.answer({ volume, counts, limit: Number.POSITIVE_INFINITY, turn });
    if (full.flows.total === 0) {
      const owned = strategy.donors.reduce((sum, index) => sum + counts[index]!, 0);
      yield { explanation: whyNothing(volume, owned, request) };
      continue;
    }
    const cut = full.flows.total <= limit ? full : strategy.answer({ volume, counts, limit, turn });
    // With nothing left of the budget, the question is whether there is something left to do.
    const judged = (cut.flows.total > 0 ? cut : full).flows;
    const improves = lowersSpread(model, counts, volume.blockCount, judged.changes);
    if (!improves && !request.force) {
      yield { explanation: wouldNotImprove(volume, judged, request) };
      continue;
    }
    const given = { volume, full, cut };
    if (improves || cut.flows.total === 0) yield { given };
    else yield { given, explanation: forced(volume, cut.flows.total) };
    if (cut.flows.total === 0) continue;
    budget -= cut.flows.total;
    turn = cut.turn;
  }
}

function tooManyMoves(count: number, { strategy }: RebalanceRequest): Refusal {
  const fewer = strategy === "pairwise" ? "pairs" : "receiverProcessIds";
  return new Refusal("too-many-moves", {
    detail: `the plan has at least ${count} amounts, each from one process to another; ${AMOUNTS_MAX} are the most`,
    correction: `Use equalize, which moves as much in fewer moves, or name fewer ${fewer} or volumeIds, or set maxMovedAddresses`,
  });
}

/** Of the volume alone: forced, the others would move something, too, and take of the budget. */
function wouldNotImprove(
  { id }: Volume,
  { total: amount, count }: Flows,
  { maxMovedAddresses }: RebalanceRequest,
): Explanation {
  const detail = `moving ${amount} addresses of volume ${id} would not make its loads more even`;
  const explanation = { code: "would-not-improve", detail, volumeId: id } as const;
  if (count > AMOUNTS_MAX) return explanation;
  const budget = maxMovedAddresses === undefined ? {} : { maxMovedAddresses: amount };
  const only = { force: true, volumeIds: [id], ...budget } as const;
  return { ...explanation, counterfactual: { ...only, movedAddresses: amount } };
}

function forced({ id }: Volume, amount: number): Explanation {
  const detail = `${amount} addresses of volume ${id} move, yet its loads get no more even`;
  return { code: "forced", detail, volumeId: id };
}

/** `owned`: the addresses that the donors own of the volume. */
function whyNothing(
  { id, extentBlocks }: Volume,
  owned: number,
  { strategy, transfer, force }: RebalanceRequest,
): Explanation {
  if (owned === 0) {
    const detail = `the linked processes own no addresses of volume ${id}`;
    return { code: "nothing-to-give", detail, volumeId: id };
  }
  if (strategy === "pairwise" && !transfer) {
    const detail = `no pair gets more even by moving addresses of volume ${id}`;
    return { code: force ? "rounded-to-nothing" : "would-not-improve", detail, volumeId: id };
  }
  const unit = extentBlocks === 1 ? "addresses" : `addresses in extents of ${extentBlocks}`;
  const detail = `of ${owned} ${unit} of volume ${id}, every amount rounds to nothing`;
  return { code: "rounded-to-nothing", detail, volumeId: id };
}
