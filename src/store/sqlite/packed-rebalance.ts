/** A rebalance as it goes to the store's thread. */
import { type MoveColumns, MoveList } from "../../core/rebalance/move-list.ts";
import type { NewRebalance, RebalanceChange, RebalanceToStore } from "../rebalances.ts";

export interface PackedRebalance extends Omit<NewRebalance, "moves"> {
  readonly moves: MoveColumns;
}

export function packRebalance(rebalance: NewRebalance): PackedRebalance {
  return { ...rebalance, moves: MoveList.of(rebalance.moves).columns };
}

export function packToStore(rebalance: RebalanceToStore): PackedRebalance | RebalanceChange {
  return "moves" in rebalance ? packRebalance(rebalance) : rebalance;
}
