/** What goes to the planner's thread and comes back: plain data and typed arrays. */
import { Refusal, type RefusalCode } from "../core/errors.ts";
import type { MoveColumns } from "../core/rebalance/move-list.ts";
import type { Plan, RebalanceRequest } from "../core/rebalance/types.ts";
import type { HandedState } from "./handed-state.ts";

export interface PlanInput {
  readonly state: HandedState;
  readonly request: RebalanceRequest;
}

export type PlanOutcome =
  | { readonly plan: Omit<Plan, "moves">; readonly moves: MoveColumns }
  | { readonly refusal: RefusalMessage };

export interface RefusalMessage extends Pick<Refusal, "correction" | "errors"> {
  readonly code: RefusalCode;
  readonly detail: string;
}

export function messageOf({ code, message, correction, errors }: Refusal): RefusalMessage {
  return { code, detail: message, correction, errors };
}

export function errorOf({ code, ...description }: RefusalMessage): Refusal {
  return new Refusal(code, description);
}
