/** Makes one long plan, in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { invariant, Refusal } from "../core/errors.ts";
import { type MoveColumns, packMoves } from "../core/rebalance/move-columns.ts";
import { planMoves } from "../core/rebalance/plan.ts";
import { restoreState } from "../core/stored-state.ts";
import { messageOf, type PlanInput, type PlanOutcome } from "./plan-message.ts";

invariant(parentPort, "this is a thread of its own");
const outcome = outcomeOf(workerData);
parentPort.postMessage(outcome, "moves" in outcome ? buffersOf(outcome.moves) : []);

function outcomeOf({ records, request }: PlanInput): PlanOutcome {
  try {
    const { moves, ...plan } = planMoves(restoreState(records), request);
    return { plan, moves: packMoves(moves) };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: messageOf(error) };
    throw error;
  }
}

function buffersOf({ firstLba, lastLba, volume, from, to }: MoveColumns): ArrayBuffer[] {
  return [firstLba, lastLba, volume, from, to].map((column) => column.buffer as ArrayBuffer);
}
