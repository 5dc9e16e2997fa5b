import fc from "fast-check";
import { expect, it } from "vitest";
import { startGeneration } from "../../src/core/decisions/generation.ts";
import type { Bench } from "./bench.ts";
import { appendAll, HISTORY_RUNS, HISTORY_RUNS_MS_MAX, play } from "./played-history.ts";
import { anyHistory } from "./random-history.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { decisionOf, plainTables, readPlainTables } from "./store-model.ts";

export function pastContract({ newStore, reopen }: Bench): void {
  it("gives back the tables of every revision", { timeout: HISTORY_RUNS_MS_MAX }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (steps) => {
        const { states, batches } = play(steps);
        const fresh = await newStore();
        await appendAll(fresh, batches);
        const store = await reopen(fresh);
        for (const state of states) {
          expect(await readPlainTables(store, state.revision)).toEqual(plainTables(state));
        }
        await store.close();
      }),
      { numRuns: HISTORY_RUNS },
    );
  });

  it("knows the generation that each revision was made in", async () => {
    const store = await newStore();
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]));
    const two = decisionOf(one.after, startGeneration(one.after, 5_000_000));
    const three = decisionOf(two.after, volumeWith(two.after, "v", [[0, 9, "c-2"]]));
    await store.append(0, [one.entry, two.entry, three.entry]);
    const figures = async (revision: number) => {
      const { generation, distributedRevision } = (await store.tablesAt(revision))!;
      return [generation, distributedRevision];
    };
    expect(await Promise.all([0, 1, 2, 3].map(figures))).toEqual([
      [1, 0],
      [1, 1],
      [5000, 1],
      [5000, 3],
    ]);
  });

  it("reads nothing beyond the head", async () => {
    const store = await newStore();
    await store.append(0, settingsDecisions(EMPTY_STATE, 1).entries);
    expect(await store.floorRevision()).toBe(0);
    expect(await store.tablesAt(2)).toBeUndefined();
    expect(await store.rangesAt(2, { volumeId: "v" as never, limit: 9 })).toBeUndefined();
  });
}
