/** What a strategy answers: the transfers it wants, and why. */
import type { Transfer } from "./transfer.ts";
import type { Explanation, ProcessShare } from "./types.ts";

export interface Proposal {
  /** Of the volumes in which something moves, in volume id order. */
  readonly transfers: readonly Transfer[];
  /** What the same strategy would move without a budget. */
  readonly minimumMovedAddresses: number;
  readonly explanations: readonly Explanation[];
  /** By process index, where the strategy has targets. */
  readonly shares?: readonly ProcessShare[] | undefined;
}

export function nothing(...explanations: Explanation[]): Proposal {
  return { transfers: [], minimumMovedAddresses: 0, explanations };
}
