/** Makes long plans, in a thread of its own. */
import { Refusal } from "../core/errors.ts";
import { moveBuffers } from "../core/rebalance/move-list.ts";
import { planRebalance } from "../core/rebalance/plan.ts";
import { serveInputs } from "../threads/serve-inputs.ts";
import { takeOver } from "./handed-state.ts";
import { messageOf, type PlanInput, type PlanOutcome } from "./plan-message.ts";

serveInputs((input: PlanInput) => {
  const result = outcomeOf(input);
  return { result, transfer: "moves" in result ? moveBuffers(result.moves) : [] };
});

function outcomeOf({ state, request }: PlanInput): PlanOutcome {
  try {
    const { moves, ...plan } = planRebalance(takeOver(state), request);
    return { plan, moves: moves.columns };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: messageOf(error) };
    throw error;
  }
}
