/**
 * FIG. 7–9: for every pair of a linked and an unlinked process, in process id order and each
 * once, addresses of the first one's C-node go to the second one's, as things stand then.
 */
import type { LoadModel, ProcessClass } from "../load-model.ts";
import { MICRO } from "../model.ts";
import type { FlowAnswer, FlowQuestion, FlowStrategy } from "./flow-plan.ts";
import { Flows } from "./flows.ts";
import { LowestAhead } from "./lowest.ts";
import { partOf, roundHalfUp } from "./rational.ts";
import type { Scope } from "./request.ts";
import type { RebalanceRequest } from "./types.ts";

/** More than the error of a few operations on doubles. */
const DOUBT = 1e-12;

export function pairwise(
  model: LoadModel,
  { pairs }: Scope,
  request: RebalanceRequest,
): FlowStrategy {
  const answer = (question: FlowQuestion): FlowAnswer => {
    const giving = new Giving(model, question, request.transfer);
    // Of millions of pairs most are level long since; those that are named are not so many.
    if (request.transfer || request.pairs) giving.inOrder(pairs);
    else giving.whereUneven();
    return { flows: giving.flows, exact: giving.exact, turn: question.turn };
  };
  return { donors: pairs.map(([donor]) => donor), answer };
}

/** Gives pair by pair; amounts are in extents but those of what it answers. */
class Giving {
  readonly flows: Flows;
  readonly exact: Float64Array;
  readonly #model: LoadModel;
  readonly #transfer: RebalanceRequest["transfer"];
  readonly #extentBlocks: number;
  readonly #owned: Float64Array;
  /** Of one link holder, in units of 1 / scale, and about. */
  readonly #linkWork: bigint;
  readonly #linkWorkEstimate: number;
  #left: number;

  constructor(
    model: LoadModel,
    { volume, counts, limit }: FlowQuestion,
    transfer: RebalanceRequest["transfer"],
  ) {
    this.flows = new Flows(counts.length);
    this.#model = model;
    this.#transfer = transfer;
    this.#extentBlocks = volume.extentBlocks;
    this.#owned = counts.map((count) => count / volume.extentBlocks);
    this.exact = new Float64Array(counts.length);
    this.#linkWork = model.linkWorkPerAddress * BigInt(volume.blockCount / volume.extentBlocks);
    this.#linkWorkEstimate = Number(this.#linkWork) / Number(model.scale);
    this.#left = limit / volume.extentBlocks;
  }

  inOrder(pairs: Scope["pairs"]): void {
    for (const [donor, receivers] of pairs) {
      for (const receiver of receivers) {
        const amount = this.#give(donor, receiver);
        // A given amount doesn't depend on the receiver: it is nothing for the others as well.
        if (amount === 0 && this.#transfer) break;
      }
    }
  }

  /**
   * The same for all pairs that are to be made level, passing those that are. Half an extent or
   * more goes from A1 to A2 where (A2 + ½) / w2 ≤ (A1 + link work − ½) / w1, as roundings go.
   */
  whereUneven(): void {
    const { linked, unlinked } = this.#model;
    const levelOf = (receiver: number) => (this.#owned[receiver]! + 0.5) / this.#weightOf(receiver);
    const levels = new LowestAhead(Float64Array.from(unlinked, levelOf));
    for (const donor of linked) {
      const nextFrom = (place: number) => {
        const work = this.#owned[donor]! + this.#linkWorkEstimate;
        const level = (work - 0.5 + DOUBT * (work + 1)) / this.#weightOf(donor);
        return levels.find(place, level);
      };
      for (let place = nextFrom(0); place !== undefined; place = nextFrom(place + 1)) {
        if (this.#owned[donor] === 0 || this.#left === 0) break;
        this.#give(donor, unlinked[place]!);
        levels.set(place, levelOf(unlinked[place]!));
      }
    }
  }

  #give(donor: number, receiver: number): number {
    const amount = Math.min(this.#amountOf(donor, receiver), this.#left);
    if (amount === 0) return 0;
    const exact = this.#exactOf(donor, receiver) * this.#extentBlocks;
    this.exact[donor] = this.exact[donor]! - exact;
    this.exact[receiver] = this.exact[receiver]! + exact;
    this.#owned[donor] = this.#owned[donor]! - amount;
    this.#owned[receiver] = this.#owned[receiver]! + amount;
    this.#left -= amount;
    this.flows.add(donor, receiver, amount * this.#extentBlocks);
    return amount;
  }

  #amountOf(donor: number, receiver: number): number {
    const given = this.#owned[donor]!;
    if (given === 0) return 0;
    const transfer = this.#transfer;
    if (!transfer) return Math.min(this.#toLevel(donor, receiver), given);
    if ("addresses" in transfer) {
      return Math.min(Math.floor(transfer.addresses / this.#extentBlocks), given);
    }
    return partOf(given, transfer.fractionMicro);
  }

  /** The same before it is rounded, to be shown. */
  #exactOf(donor: number, receiver: number): number {
    const given = this.#owned[donor]!;
    const transfer = this.#transfer;
    if (!transfer) {
      const [w1, w2] = [this.#weightOf(donor), this.#weightOf(receiver)];
      const excess = w2 * (given + this.#linkWorkEstimate) - w1 * this.#owned[receiver]!;
      return Math.min(excess / (w1 + w2), given);
    }
    if ("addresses" in transfer) return Math.min(transfer.addresses / this.#extentBlocks, given);
    return (given * transfer.fractionMicro) / MICRO;
  }

  /** Makes the two loads equal: x = (w2 · (A1 + link work) − w1 · A2) / (w1 + w2), or nothing. */
  #toLevel(donor: number, receiver: number): number {
    const [w1, w2] = [this.#weightOf(donor), this.#weightOf(receiver)];
    const work = w2 * (this.#owned[donor]! + this.#linkWorkEstimate);
    const owned = w1 * this.#owned[receiver]!;
    const estimate = (work - owned) / (w1 + w2) + 0.5;
    const doubt = DOUBT * ((work + owned) / (w1 + w2) + 1);
    const rounded = Math.floor(estimate);
    // Of millions of pairs few are so near to a half that it takes whole numbers to tell.
    const isClear = estimate - rounded > doubt && rounded + 1 - estimate > doubt;
    return isClear ? Math.max(0, rounded) : this.#toLevelExactly(donor, receiver);
  }

  #toLevelExactly(donor: number, receiver: number): number {
    const { scale } = this.#model;
    const [w1, w2] = [BigInt(this.#weightOf(donor)), BigInt(this.#weightOf(receiver))];
    const work = BigInt(this.#owned[donor]!) * scale + this.#linkWork;
    const excess = w2 * work - w1 * BigInt(this.#owned[receiver]!) * scale;
    return excess <= 0n ? 0 : Number(roundHalfUp(excess, scale * (w1 + w2)));
  }

  #weightOf(index: number): number {
    const kind: ProcessClass = this.#model.classes[this.#model.classOf[index]!]!;
    return kind.weightMilli;
  }
}
