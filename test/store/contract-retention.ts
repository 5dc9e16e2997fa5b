import fc from "fast-check";
import { expect, it } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { HistoryLimits } from "../../src/store/revisions.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bench } from "./bench.ts";
import { appendAll, HISTORY_RUNS, HISTORY_RUNS_MS_MAX, play } from "./played-history.ts";
import { anyHistory } from "./random-history.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import {
  decisionOf,
  distributedView,
  plainChanges,
  plainTables,
  readPlainTables,
  withChanges,
} from "./store-model.ts";

const NO_LIMIT: HistoryLimits = { revisionsMax: 1_000_000, bytesMax: 2 ** 40 };

/** Prunes to the end; tells the floor and the number of steps. */
async function pruneAll(store: Store, limits: Partial<HistoryLimits>, rowsMax = 5) {
  for (let steps = 1; ; steps++) {
    const { floorRevision, done } = await store.prune({ ...NO_LIMIT, ...limits }, rowsMax, 0);
    if (done) return { floorRevision, steps };
  }
}

/** Everything that can be read of each revision, and what leads from each to each. */
async function readAll(store: Store, states: readonly ClusterState[]) {
  const revisions = states.map(({ revision }) => revision);
  const details = await Promise.all(revisions.map((revision) => store.revision(revision)));
  return {
    tables: await Promise.all(revisions.map((revision) => readPlainTables(store, revision))),
    details: details.map((one) => one && { ...one, changes: plainChanges(one.changes) }),
  };
}

/** What is read below the floor is nothing; what is read from there on is as it was. */
async function expectKept(store: Store, states: readonly ClusterState[], floor: number) {
  expect(await store.floorRevision()).toBe(floor);
  const kept = states.filter(({ revision }) => revision >= floor);
  for (const state of states) {
    const { revision } = state;
    const expected = revision < floor ? undefined : plainTables(state);
    expect(await readPlainTables(store, revision)).toEqual(expected);
  }
  for (const from of states) {
    for (const to of kept.filter(({ revision }) => revision > from.revision)) {
      const changes = await store.changesBetween(from.revision, to.revision);
      expect(changes === undefined).toBe(from.revision < floor);
      if (!changes) continue;
      expect(withChanges(distributedView(from), changes)).toEqual(distributedView(to));
    }
  }
}

export function retentionContract({ newStore, reopen }: Bench): void {
  it("reads what it keeps exactly as before, and nothing of the rest", {
    timeout: HISTORY_RUNS_MS_MAX,
  }, async () => {
    const anyLimit = fc.record({ max: fc.integer({ min: 1, max: 12 }), rowsMax: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(anyHistory, anyLimit, async (steps, { max, rowsMax }) => {
        const { states, batches } = play(steps);
        const head = states.length - 1;
        let store = await newStore();
        await appendAll(store, batches);
        const before = await readAll(store, states);
        // The first step raises the floor: from then on it holds, whatever comes of the rest.
        const { floorRevision: floor } = await store.prune(
          { ...NO_LIMIT, revisionsMax: max },
          1,
          0,
        );
        if (head >= max) expect(head - floor + 1).toBe(Math.max(1, Math.floor(0.9 * max)));
        else expect(floor).toBe(0);
        await expectKept(store, states, floor);
        store = await reopen(store);
        await pruneAll(store, { revisionsMax: max }, rowsMax + 1);
        await expectKept(store, states, floor);
        const after = await readAll(store, states);
        expect(after.details.slice(floor)).toEqual(before.details.slice(floor));
        expect(after.details.slice(0, floor).every((one) => one === undefined)).toBe(true);
        const listed = await store.revisions({ limit: 1000 });
        expect(listed.every(({ revision }) => revision >= floor)).toBe(true);
        await store.close();
      }),
      { numRuns: HISTORY_RUNS },
    );
  });

  it("cuts a tenth when there is one revision too many, and then waits", async () => {
    const store = await newStore();
    const { entries, state } = settingsDecisions(EMPTY_STATE, 20);
    await store.append(0, entries);
    const limits = { revisionsMax: 20 };
    expect(await pruneAll(store, limits)).toMatchObject({ floorRevision: 3 });
    const numbers = async () =>
      (await store.revisions({ limit: 100 })).map(({ revision }) => revision).reverse();
    expect((await numbers())[0]).toBe(3);
    await store.append(20, settingsDecisions(state, 2).entries);
    expect(await pruneAll(store, limits)).toEqual({ floorRevision: 3, steps: 1 });
    expect(await numbers()).toHaveLength(20);
  });

  it("deletes in small steps, as many as it takes", async () => {
    const store = await newStore();
    const stripes = (owner: string) =>
      Array.from({ length: 100 }, (_, i) => [i, i, `${owner}-${i % 2}`] as const);
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", stripes("a")));
    const two = decisionOf(one.after, volumeWith(one.after, "v", stripes("b")));
    const three = decisionOf(two.after, volumeWith(two.after, "v", stripes("c")));
    const four = settingsDecisions(three.after, 1);
    await store.append(0, [one.entry, two.entry, three.entry, ...four.entries]);
    const { floorRevision, steps } = await pruneAll(store, { revisionsMax: 1 }, 30);
    // Two hundred rows of the map and three versions of the volume.
    expect([floorRevision, steps >= 7]).toEqual([4, true]);
    await expectKept(store, [EMPTY_STATE, one.after, two.after, three.after, four.state], 4);
  });

  it("keeps the history to a size, by what revisions have put in it", async () => {
    const store = await newStore();
    const owned = (owner: string) =>
      Array.from({ length: 100 }, (_, i) => [i, i, `${owner}-${i % 2}`] as const);
    let state = EMPTY_STATE;
    for (let i = 0; i < 10; i++) {
      const { entry, after } = decisionOf(state, volumeWith(state, "v", owned(`c${i}`)));
      await store.append(state.revision, [entry]);
      state = after;
    }
    expect(await pruneAll(store, { bytesMax: 1_000_000 })).toMatchObject({ floorRevision: 0 });
    const { floorRevision } = await pruneAll(store, { bytesMax: 100_000 });
    expect(floorRevision).toBeGreaterThan(1);
    expect(floorRevision).toBeLessThan(10);
    // Even where the head alone is more than there may be, it stays.
    expect(await pruneAll(store, { bytesMax: 1 })).toMatchObject({ floorRevision: 10 });
    expect(await pruneAll(store, { bytesMax: 1 })).toMatchObject({ floorRevision: 10 });
    expect(await readPlainTables(store, 10)).toEqual(plainTables(state));
  });

  it("keeps when the distributed head as of the floor was converged", async () => {
    const store = await newStore();
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]));
    await store.append(0, [one.entry, ...settingsDecisions(one.after, 9).entries]);
    await store.recordDeliveries([], { revision: 1, at: 77 });
    await pruneAll(store, { revisionsMax: 3 });
    expect(await store.headings([1, 2])).toMatchObject([{ revision: 1, convergedAt: 77 }]);
    expect(await store.revision(1)).toBeUndefined();
  });

  it("follows the owners of an address down to the floor", async () => {
    const store = await newStore();
    const owned = (state: ClusterState, owner: string) =>
      decisionOf(state, volumeWith(state, "v", [[0, 9, owner]]));
    const one = owned(EMPTY_STATE, "c-1");
    const two = owned(one.after, "c-2");
    const three = owned(two.after, "c-3");
    const four = settingsDecisions(three.after, 1);
    await store.append(0, [one.entry, two.entry, three.entry, ...four.entries]);
    const owners = async () => {
      const rows = await store.ownersOf({ volumeId: "v" as never, lba: 5 }, { limit: 9 });
      return rows.map(({ cNodeId, fromRevision }) => `${cNodeId} ${fromRevision}`);
    };
    expect(await owners()).toEqual(["c-3 3", "c-2 2", "c-1 1"]);
    await store.prune({ ...NO_LIMIT, revisionsMax: 3 }, 1, 0);
    expect([await store.floorRevision(), await owners()]).toEqual([3, ["c-3 3", "c-2 2"]]);
    await pruneAll(store, { revisionsMax: 3 });
    expect(await owners()).toEqual(["c-3 3", "c-2 2"]);
  });
}
