/** Makes one long plan, in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { invariant, Refusal } from "../core/errors.ts";
import { moveBuffers } from "../core/rebalance/move-list.ts";
import { planMoves } from "../core/rebalance/plan.ts";
import { takeOver } from "./handed-state.ts";
import { messageOf, type PlanInput, type PlanOutcome } from "./plan-message.ts";

invariant(parentPort, "this is a thread of its own");
const outcome = outcomeOf(workerData);
parentPort.postMessage(outcome, "moves" in outcome ? moveBuffers(outcome.moves) : []);

function outcomeOf({ state, request }: PlanInput): PlanOutcome {
  try {
    const { moves, ...plan } = planMoves(takeOver(state), request);
    return { plan, moves: moves.columns };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: messageOf(error) };
    throw error;
  }
}
