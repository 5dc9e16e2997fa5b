/** Random histories as decisions, and as a store holds them. */
import { expect } from "vitest";
import { changesBetween, isEmpty } from "../../src/core/changes.ts";
import type { Append } from "../../src/store/revisions.ts";
import type { Store } from "../../src/store/store.ts";
import { type Step, takeStep } from "./random-history.ts";
import { EMPTY_STATE } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

/** Each run opens a store, which takes far longer than what is done with it. */
export const HISTORY_RUNS = Number(process.env.PROPERTY_RUNS ?? 20);
/** For a property of so many. */
export const HISTORY_RUNS_MS_MAX = 60_000 + HISTORY_RUNS * 1_000;

/** The decisions of a history, the states between them, and the decisions by transaction. */
export function play(steps: readonly Step[]) {
  const states = [EMPTY_STATE];
  const entries: Append[] = [];
  const batches: Append[][] = [];
  for (const step of steps) {
    const before = states.at(-1)!;
    const draft = takeStep(before, step);
    if (isEmpty(changesBetween(before, draft))) continue;
    const { entry, after } = decisionOf(before, draft);
    states.push(after);
    entries.push(entry);
    if (step.newBatch || batches.length === 0) batches.push([]);
    batches.at(-1)!.push(entry);
  }
  return { states, entries, batches };
}

/** Copies of them, since what is appended is handed over. */
export async function appendAll(store: Store, batches: readonly Append[][]): Promise<void> {
  for (const batch of batches) {
    expect(await store.append(batch[0]!.heading.revision - 1, structuredClone(batch))).toBe(
      "committed",
    );
  }
}
