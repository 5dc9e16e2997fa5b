import { expect, it } from "vitest";
import { HistoryKeeper } from "../../src/operations/history-keeper.ts";
import type { PruneStep } from "../../src/store/revisions.ts";
import { ManualClock } from "../push/manual-clock.ts";

const limits = { revisionsMax: 10, bytesMax: 1000 };

/** A store whose steps end as, and when, the test says. */
class ScriptedStore {
  readonly steps: { end: (step: PruneStep) => void; fail: (error: Error) => void }[] = [];

  prune(): Promise<PruneStep> {
    return new Promise((end, fail) => void this.steps.push({ end, fail }));
  }

  /** Ends the newest step, and lets what follows from it happen. */
  async end(step: PruneStep | Error): Promise<void> {
    const { end, fail } = this.steps.at(-1)!;
    if (step instanceof Error) fail(step);
    else end(step);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function start() {
  const store = new ScriptedStore();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const clock = new ManualClock();
  const keeper = new HistoryKeeper({ store, limits, clock, floorRevision: 3, onError });
  return { store, errors, clock, keeper };
}

it("goes on step by step until nothing is left, and knows the floor", async () => {
  const { store, keeper } = start();
  expect(keeper.floorRevision).toBe(3);
  keeper.wake();
  await store.end({ floorRevision: 7, done: false });
  expect([keeper.floorRevision, store.steps.length]).toEqual([7, 2]);
  await store.end({ floorRevision: 7, done: true });
  expect(store.steps).toHaveLength(2);
});

it("looks once more when it was woken meanwhile", async () => {
  const { store, keeper } = start();
  keeper.wake();
  keeper.wake();
  await store.end({ floorRevision: 3, done: true });
  expect(store.steps).toHaveLength(2);
  await store.end({ floorRevision: 3, done: true });
  expect(store.steps).toHaveLength(2);
});

it("tells a failure, and tries again at the next commit", async () => {
  const { store, keeper, errors } = start();
  keeper.wake();
  await store.end(new Error("disk"));
  expect([errors.length, store.steps.length]).toEqual([1, 1]);
  keeper.wake();
  expect(store.steps).toHaveLength(2);
});

it("looks once an hour although nothing is committed, since plans grow old", async () => {
  const { store, clock, keeper } = start();
  keeper.wake();
  await store.end({ floorRevision: 3, done: true });
  await clock.advance(60 * 60 * 1000);
  expect(store.steps).toHaveLength(2);
  await store.end({ floorRevision: 3, done: true });
  await keeper.close();
  await clock.advance(60 * 60 * 1000);
  expect(store.steps).toHaveLength(2);
});

it("ends between two steps", async () => {
  const { store, keeper } = start();
  keeper.wake();
  const closed = keeper.close();
  await store.end({ floorRevision: 5, done: false });
  await closed;
  keeper.wake();
  expect(store.steps).toHaveLength(1);
});
