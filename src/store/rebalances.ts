/** Rebalances as the store keeps them. */
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import type { Moves } from "../core/rebalance/move-list.ts";

export interface RebalanceRecord {
  readonly id: string;
  /** The resource as it is listed. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly moveCount: number;
}

export interface KeptRebalance extends RebalanceRecord {
  readonly plan: KeptPlan;
}

export interface NewRebalance extends Omit<KeptRebalance, "moveCount"> {
  readonly moves: Moves;
  /** From when on it need not be kept, in milliseconds since 1970; for ever without. */
  readonly forgetAt?: number | undefined;
}

/** A new document for one that took a revision; its plan and its moves stay as they are. */
export type RebalanceChange = Pick<RebalanceRecord, "id" | "document">;

export type RebalanceToStore = NewRebalance | RebalanceChange;
