import fc from "fast-check";
import { expect, it } from "vitest";
import { takeIn } from "../../src/core/news.ts";
import { restoreState } from "../../src/core/stored-state.ts";
import type { Append, RevisionPage } from "../../src/store/revisions.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bench } from "./bench.ts";
import { appendAll, HISTORY_RUNS, HISTORY_RUNS_MS_MAX, play } from "./played-history.ts";
import { anyHistory } from "./random-history.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import {
  decisionOf,
  distributedView,
  plainChanges,
  plainState,
  withChanges,
} from "./store-model.ts";

async function expectDetails(store: Store, entries: readonly Append[]): Promise<void> {
  for (const { heading, changes, distributedRevision } of entries) {
    const details = await store.revision(heading.revision);
    const { changes: stored, ...record } = details!;
    expect(record).toEqual({ ...heading, distributedRevision });
    expect(plainChanges(stored)).toEqual(plainChanges(changes));
    expect(stored).not.toHaveProperty("credentials");
  }
}

export function historyContract({ newStore, reopen }: Bench): void {
  it("gives back any history: head, differences and revisions", {
    timeout: HISTORY_RUNS_MS_MAX,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (steps) => {
        const { states, entries, batches } = play(steps);
        const fresh = await newStore();
        await appendAll(fresh, batches);
        const store = await reopen(fresh);
        expect(plainState(restoreState(await store.load()))).toEqual(plainState(states.at(-1)!));
        for (let from = 0; from < states.length; from++) {
          for (let to = from + 1; to < states.length; to++) {
            const changes = (await store.changesBetween(from, to))!;
            const view = withChanges(distributedView(states[from]!), changes);
            expect(view).toEqual(distributedView(states[to]!));
          }
        }
        await expectDetails(store, entries);
        await store.close();
      }),
      { numRuns: HISTORY_RUNS },
    );
  });

  it("tells the news since any revision, which lead to the head", {
    timeout: HISTORY_RUNS_MS_MAX,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (steps) => {
        const { states, batches } = play(steps);
        const store = await newStore();
        await appendAll(store, batches);
        const head = states.at(-1)!;
        for (const state of states) {
          const news = (await store.news(state.revision))!;
          expect(plainState(takeIn(state, news))).toEqual(plainState(head));
        }
        expect(await store.news(head.revision + 1)).toBeUndefined();
        if (head.revision > 0) {
          const limits = { revisionsMax: 1, bytesMax: 2 ** 40 };
          while (!(await store.prune(limits, 1000, 0)).done);
          expect(await store.news(head.revision - 1)).toBeUndefined();
        }
        await store.close();
      }),
      { numRuns: HISTORY_RUNS },
    );
  });

  it("lists revisions newest first, in pages", async () => {
    const store = await newStore();
    await store.append(0, settingsDecisions(EMPTY_STATE, 5).entries);
    const numbers = async (page: { before?: number; limit: number }) =>
      (await store.revisions(page)).map(({ revision }) => revision);
    expect(await numbers({ limit: 2 })).toEqual([5, 4]);
    expect(await numbers({ before: 4, limit: 2 })).toEqual([3, 2]);
    expect(await numbers({ before: 2, limit: 2 })).toEqual([1]);
    expect(await numbers({ before: 1, limit: 2 })).toEqual([]);
  });

  it("lists the revisions of a kind, of an actor and of a time", async () => {
    const store = await newStore();
    const { entries } = settingsDecisions(EMPTY_STATE, 6);
    const varied = entries.map((entry) => {
      const { revision } = entry.heading;
      const kind = revision % 2 === 0 ? "even" : "odd";
      const actor = revision % 3 === 0 ? "three" : "other";
      return { ...entry, heading: { ...entry.heading, kind, actor, at: 100 * revision } };
    });
    await store.append(0, varied);
    const numbers = async (page: Partial<RevisionPage>) =>
      (await store.revisions({ limit: 10, ...page })).map(({ revision }) => revision);
    expect(await numbers({ kind: "even" })).toEqual([6, 4, 2]);
    expect(await numbers({ kind: "even", before: 6, limit: 1 })).toEqual([4]);
    expect(await numbers({ kind: "odd", actor: "three" })).toEqual([3]);
    expect(await numbers({ since: 200, until: 400 })).toEqual([3, 2]);
    expect(await numbers({ kind: "none" })).toEqual([]);
    expect(await store.headings([4, 7])).toEqual([
      { ...varied[3]!.heading, distributedRevision: 0 },
    ]);
  });

  it("knows no revision outside its history", async () => {
    const store = await newStore();
    await store.append(0, settingsDecisions(EMPTY_STATE, 1).entries);
    expect(await store.revision(0)).toBeUndefined();
    expect(await store.revision(2)).toBeUndefined();
    expect(await store.headings([0, 2])).toEqual([]);
    await expect(store.changesBetween(0, 2)).rejects.toThrow(/after the head 1/);
  });

  it("hands over an A2C row of a delta once, with its last owner", async () => {
    const store = await newStore();
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", [[0, 99, "c-1"]]));
    const twoDraft = volumeWith(one.after, "v", [
      [0, 49, "c-1"],
      [50, 99, "c-2"],
    ]);
    const two = decisionOf(one.after, twoDraft);
    const threeDraft = volumeWith(two.after, "v", [
      [0, 49, "c-1"],
      [50, 99, "c-3"],
    ]);
    const three = decisionOf(two.after, threeDraft);
    await store.append(0, [one.entry, two.entry, three.entry]);
    const rows = async (from: number, to: number) =>
      (await store.changesBetween(from, to))!.a2c.map(({ ranges }) => [
        [...ranges.firstLba],
        [...ranges.owner].map((owner) => ranges.owners[owner]),
      ]);
    expect(await rows(2, 3)).toEqual([[[50], ["c-3"]]]);
    expect(await rows(1, 3)).toEqual([
      [
        [0, 50],
        ["c-1", "c-3"],
      ],
    ]);
    expect(await rows(0, 1)).toEqual([[[0], ["c-1"]]]);
  });
}
