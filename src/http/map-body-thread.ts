/** Parses one large map, in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import type { MapEntries } from "../core/decisions/map-entries.ts";
import { invariant } from "../core/errors.ts";
import { mapEntriesOf } from "./map-body.ts";
import { HttpProblem, type Problem } from "./problems.ts";

export type MapBodyOutcome = { readonly entries: MapEntries } | { readonly problem: Problem };

invariant(parentPort, "this is a thread of its own");
const outcome = outcomeOf(workerData);
parentPort.postMessage(outcome, "entries" in outcome ? buffersOf(outcome.entries) : []);

function outcomeOf(body: Uint8Array): MapBodyOutcome {
  try {
    return { entries: mapEntriesOf(body) };
  } catch (error) {
    if (error instanceof HttpProblem) return { problem: error.problem };
    throw error;
  }
}

function buffersOf({ ranges, places }: MapEntries): ArrayBuffer[] {
  const columns = [ranges.firstLba, ranges.lastLba, ranges.owner, places];
  return columns.map((column) => column.buffer as ArrayBuffer);
}
