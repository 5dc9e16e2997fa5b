/**
 * FIG. 10: every linked process gives K % of what its C-node owns, in substantially equal parts,
 * to all unlinked ones or to those chosen (¶67). K = (1 − N_R / N) · 100 by Eq. 1, or as asked.
 */
import type { LoadModel } from "../load-model.ts";
import { MICRO } from "../model.ts";
import type { FlowAnswer, FlowQuestion, FlowStrategy } from "./flow-plan.ts";
import { Flows } from "./flows.ts";
import { type Fraction, roundHalfUp } from "./rational.ts";
import type { Scope } from "./request.ts";
import type { RebalanceRequest } from "./types.ts";

/**
 * Parts of an amount differ by at most one extent. The larger ones go round the receivers, each
 * donor going on where the last one stopped, so that they don't pile up on the first ids.
 */
export function proportional(
  model: LoadModel,
  { receivers }: Scope,
  request: RebalanceRequest,
): FlowStrategy {
  const { numerator, denominator } = transferFraction(model, request);
  // Turns go in C-node id order, but flows are written down by process index.
  const inOrder = (places: number[]) => places.sort((a, b) => receivers[a]! - receivers[b]!);
  const places = inOrder([...receivers.keys()]);
  const placesFrom = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => (first + i) % receivers.length);
  const answer = ({ volume, counts, limit, turn }: FlowQuestion): FlowAnswer => {
    const { extentBlocks } = volume;
    const flows = new Flows(counts.length);
    const exact = new Float64Array(counts.length);
    let exactTotal = 0;
    let left = limit / extentBlocks;
    let next = turn;
    for (const donor of model.linked) {
      const owned = BigInt(counts[donor]! / extentBlocks);
      const amount = Math.min(Number(roundHalfUp(owned * numerator, denominator)), left);
      const larger = amount % receivers.length;
      const part = (amount - larger) / receivers.length;
      const turnsAway = (place: number) => (place - next + receivers.length) % receivers.length;
      // Of many volumes most amounts are small: most receivers get nothing then.
      const getting = part > 0 ? places : inOrder(placesFrom(next, larger));
      for (const place of getting) {
        const extents = turnsAway(place) < larger ? part + 1 : part;
        flows.add(donor, receivers[place]!, extents * extentBlocks);
      }
      next = (next + larger) % receivers.length;
      left -= amount;
      const given = (counts[donor]! * Number(numerator)) / Number(denominator);
      exact[donor] = -given;
      exactTotal += given;
    }
    for (const receiver of receivers) exact[receiver] = exactTotal / receivers.length;
    return { flows, exact, turn: next };
  };
  return { donors: model.linked, answer };
}

/** K / 100. */
export function transferFraction(model: LoadModel, { transfer }: RebalanceRequest): Fraction {
  if (transfer && "fractionMicro" in transfer) {
    return { numerator: BigInt(transfer.fractionMicro), denominator: BigInt(MICRO) };
  }
  return {
    numerator: BigInt(model.unlinked.length),
    denominator: BigInt(Math.max(model.processCount, 1)),
  };
}
