/** What a strategy answers: the transfers it wants, and why. */
import type { Transfer } from "./transfer.ts";
import type { Explanation, ProcessFlow, ProcessShare } from "./types.ts";

export interface Proposal {
  /** Of the volumes in which something moves, in volume id order. */
  readonly transfers: readonly Transfer[];
  /** What the same strategy would move without a budget. */
  readonly minimumMovedAddresses: number;
  /**
   * What it would move with a budget of just as many: less where all at once would be no gain, or
   * where it then finds a cheaper way. Undefined where that would be refused as too many moves.
   */
  readonly movedWithAmpleBudget: number | undefined;
  readonly explanations: readonly Explanation[];
  /** By process index: how the strategy comes to what each ends with. */
  readonly reckonings?: readonly (ProcessShare | ProcessFlow)[] | undefined;
}

export function nothing(...explanations: Explanation[]): Proposal {
  return { transfers: [], minimumMovedAddresses: 0, movedWithAmpleBudget: 0, explanations };
}
