import { expect, it } from "vitest";
import { createPusher } from "../../src/push/pusher.ts";
import { FakeStore, FakeTransport, partsWith, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const WAIT_MS = 60_000;
const TOO_MANY = expect.objectContaining({ code: "too-many-pulls" });

/** A pusher at a head that `s-1` has, where few may wait. */
async function startPulls(waitingPullsMax: number) {
  const [store, clock, transport] = [new FakeStore(), new ManualClock(), new FakeTransport()];
  store.register("s-1", undefined);
  store.change();
  const pusher = createPusher(partsWith({ store, clock, transport, waitingPullsMax }));
  await pusher.start(store.state);
  const pull = ({ timeoutMs = WAIT_MS, after = store.state.distributedRevision } = {}) => {
    const leaving = new AbortController();
    const position = { generation: store.state.generation, after };
    const wait = { timeoutMs, signal: leaving.signal };
    const answer = pusher.pull(serverId("s-1"), position, wait);
    answer.catch(() => {});
    return { answer, leave: () => leaving.abort() };
  };
  return { store, clock, pusher, pull };
}

it("waits in so many places, and answers at once what need not wait", async () => {
  const { pull } = await startPulls(2);
  pull();
  pull();
  await expect(pull().answer).rejects.toEqual(TOO_MANY);
  expect(await pull({ timeoutMs: 0 }).answer).toBeUndefined();
  expect(await pull({ after: 0 }).answer).toBeInstanceOf(Uint8Array);
});

it("gives the places of those that go, and of those whose time is up, to others", async () => {
  const { pull, clock } = await startPulls(1);
  const first = pull();
  first.leave();
  expect(await first.answer).toBeUndefined();
  const second = pull();
  await clock.advance(WAIT_MS);
  expect(await second.answer).toBeUndefined();
  pull();
  await expect(pull().answer).rejects.toEqual(TOO_MANY);
});

it("wakes all who wait when the head moves, with one body, and leaves nothing behind", async () => {
  const { store, pusher, pull } = await startPulls(1000);
  for (let round = 0; round < 3; round++) {
    const pulls = Array.from({ length: 1000 }, () => pull());
    await settled();
    pusher.headChanged(store.change());
    const bodies = await Promise.all(pulls.map(({ answer }) => answer));
    expect(new Set(bodies).size).toBe(1);
    const update = JSON.parse(Buffer.from(bodies[0]!).toString());
    expect(update).toMatchObject({ kind: "delta", revision: store.state.distributedRevision });
  }
  // One step a round, however many wait.
  expect(store.deltasAsked).toHaveLength(3);
});

it("lets nobody wait any more when the service closes", async () => {
  const { store, pusher, pull } = await startPulls(2);
  const waiting = pull();
  const converging = pusher.waitUntilConverged(store.state.distributedRevision, WAIT_MS);
  pusher.stopWaiting();
  expect(await waiting.answer).toBeUndefined();
  expect(await converging).toBe("timed-out");
  expect(await pull().answer).toBeUndefined();
});
