/**
 * FIG. 7–9: for every pair of a linked and an unlinked process, in process id order and each
 * once, addresses of the first one's C-node go to the second one's, as things stand then.
 */
import type { LoadModel, ProcessClass } from "../load-model.ts";
import { MICRO, type Volume } from "../model.ts";
import type { FlowAnswer, FlowQuestion, FlowStrategy } from "./flow-plan.ts";
import { Flows } from "./flows.ts";
import { roundHalfUp } from "./rational.ts";
import type { Scope } from "./request.ts";
import type { RebalanceRequest } from "./types.ts";

/** Extents that a donor which owns `given` gives to a receiver that owns `taken`. */
type AmountRule = (donor: number, given: number, receiver: number, taken: number) => number;

export function pairwise(
  model: LoadModel,
  { pairs }: Scope,
  { transfer }: RebalanceRequest,
): FlowStrategy {
  const answer = ({ volume, counts, limit, turn }: FlowQuestion): FlowAnswer => {
    const { extentBlocks } = volume;
    const extents = counts.map((count) => count / extentBlocks);
    const amountOf = amountRule(model, volume, transfer);
    const flows = new Flows();
    let left = limit / extentBlocks;
    for (const [donor, receivers] of pairs) {
      for (const receiver of receivers) {
        const given = extents[donor]!;
        if (given === 0 || left === 0) break;
        const amount = Math.min(amountOf(donor, given, receiver, extents[receiver]!), left);
        // A given amount doesn't depend on the receiver: it is nothing for the others as well.
        if (amount === 0 && transfer) break;
        if (amount === 0) continue;
        extents[donor] = given - amount;
        extents[receiver] = extents[receiver]! + amount;
        left -= amount;
        flows.add(donor, receiver, amount * extentBlocks);
      }
    }
    return { flows, turn };
  };
  return { donors: pairs.map(([donor]) => donor), answer };
}

function amountRule(
  model: LoadModel,
  { blockCount, extentBlocks }: Volume,
  transfer: RebalanceRequest["transfer"],
): AmountRule {
  if (!transfer) return levelling(model, blockCount / extentBlocks);
  if ("addresses" in transfer) {
    const most = Math.floor(transfer.addresses / extentBlocks);
    return (_donor, given) => Math.min(given, most);
  }
  const fraction = BigInt(transfer.fractionMicro);
  return (_donor, given) => Number(roundHalfUp(BigInt(given) * fraction, BigInt(MICRO)));
}

/**
 * What makes the two loads equal: x = (w2 · (A1 + link work) − w1 · A2) / (w1 + w2), never below
 * 0 and never more than there is.
 */
function levelling(model: LoadModel, extents: number): AmountRule {
  const { scale } = model;
  const linkWork = model.linkWorkPerAddress * BigInt(extents);
  const linkWorkEstimate = Number(linkWork) / Number(scale);
  const kindOf = (index: number): ProcessClass => model.classes[model.classOf[index]!]!;
  return (donor, given, receiver, taken) => {
    const [w1, w2] = [kindOf(donor).weightMilli, kindOf(receiver).weightMilli];
    // Of millions of pairs most are level long since; doubles see that where there is no doubt.
    const [more, less] = [w2 * (given + linkWorkEstimate), w1 * taken];
    if (more - less + 1e-12 * (more + less) < 0) return 0;
    const work = BigInt(given) * scale + linkWork;
    const excess = BigInt(w2) * work - BigInt(w1) * BigInt(taken) * scale;
    const amount = Number(roundHalfUp(excess, scale * BigInt(w1 + w2)));
    return Math.min(Math.max(amount, 0), given);
  };
}
