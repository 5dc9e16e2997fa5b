import { beforeEach, describe, expect, test } from "vitest";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import { appliedTo, FakeStore, FakeTransport, partsWith, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const CALLBACK = "http://127.0.0.1:9001/";
const names = (count: number) => Array.from({ length: count }, (_, i) => `s-${i + 1}`);
let store: FakeStore;
let transport: FakeTransport;
let clock: ManualClock;

beforeEach(() => {
  store = new FakeStore();
  transport = new FakeTransport();
  clock = new ManualClock();
});

async function started(count: number, concurrentSendsMax = 64): Promise<Pusher> {
  for (const name of names(count)) store.register(name, CALLBACK);
  const pusher = createPusher(partsWith({ store, transport, clock, concurrentSendsMax }));
  await pusher.start(store.state);
  await settled();
  return pusher;
}

describe("many servers", () => {
  test("are sent to within the bound, each in its turn, and all share one body", async () => {
    await started(10, 3);
    expect(transport.underWay).toHaveLength(3);
    for (let i = 0; i < 10; i++) {
      transport.underWay[0]!.apply();
      await settled();
      expect(transport.underWay.length).toBeLessThanOrEqual(3);
    }
    expect(transport.sent.map(({ push }) => push.serverId)).toEqual([...names(10)].sort());
    expect(new Set(transport.sent.map(({ push }) => push.body)).size).toBe(1);
  });

  test("are not kept waiting by those that hang", async () => {
    await started(9, 3);
    const hanging = transport.underWay.map(({ push }) => push.serverId);
    await clock.advance(200);
    const others = transport.underWay.filter(({ push }) => !hanging.includes(push.serverId));
    expect(others).toHaveLength(3);
    for (const other of others) other.apply();
    await settled();
    for (const other of transport.underWay.filter(({ push }) => !hanging.includes(push.serverId)))
      other.apply();
    await settled();
    expect(transport.underWay.map(({ push }) => push.serverId)).toEqual(hanging);
    expect(store.ledger.size).toBe(6);
  });

  test("with one that hangs, the others go through all later revisions", async () => {
    const pusher = await started(3);
    transport.automatic = (_, update) => appliedTo(update);
    for (const name of ["s-2", "s-3"]) transport.to(name).apply();
    for (let i = 0; i < 20; i++) pusher.headChanged(store.change());
    await settled();
    const head = store.state.distributedRevision;
    expect(pusher.progress(head)).toMatchObject({ servers: 3, acked: 2, behind: ["s-1"] });
    expect(transport.underWay).toHaveLength(1);
  });
});

describe("waiting for convergence", () => {
  /** The promise, and what it has come to so far. */
  function watched(promise: Promise<string>) {
    const seen = { verdict: "open" };
    void promise.then((verdict) => {
      seen.verdict = verdict;
    });
    return seen;
  }

  test("ends when the last server has acknowledged", async () => {
    const pusher = await started(2);
    const waiting = watched(pusher.waitUntilConverged(0, 60_000));
    transport.to("s-1").apply();
    await settled();
    expect(waiting.verdict).toBe("open");
    transport.to("s-2").apply();
    await settled();
    expect(waiting.verdict).toBe("converged");
    expect(await pusher.waitUntilConverged(0, 60_000)).toBe("converged");
  });

  test("ends when the one that was behind is removed", async () => {
    const pusher = await started(2);
    const waiting = watched(pusher.waitUntilConverged(0, 60_000));
    transport.to("s-1").apply();
    await settled();
    pusher.headChanged(store.remove("s-2"));
    await settled();
    expect(waiting.verdict).toBe("converged");
  });

  test("ends as soon as only unreachable servers are missing", async () => {
    const pusher = await started(4);
    const waiting = watched(pusher.waitUntilConverged(0, 60_000));
    transport.to("s-1").answer({ kind: "gone" });
    transport.to("s-2").answer({ kind: "rejected", detail: "refused" });
    transport.to("s-3").answer({ kind: "gap", reason: "revision", generation: 1, revision: 99 });
    await settled();
    expect(waiting.verdict).toBe("open");
    transport.to("s-4").apply();
    await settled();
    expect(waiting.verdict).toBe("unreachable-left");
    expect(pusher.progress(0).unreachable).toEqual(["s-1", "s-2", "s-3"]);
    expect(pusher.deliveryCounts()).toEqual({ gone: 1, parked: 1, ahead: 1, current: 1 });
  });

  test("of a revision that has not been heard of yet does not end early", async () => {
    const pusher = await started(1);
    transport.to("s-1").answer({ kind: "rejected", detail: "refused" });
    await settled();
    const state = store.change();
    const waiting = watched(pusher.waitUntilConverged(state.distributedRevision, 60_000));
    await settled();
    expect(waiting.verdict).toBe("open");
    pusher.headChanged(state);
    await settled();
    transport.to("s-1").apply();
    await settled();
    expect(waiting.verdict).toBe("converged");
  });

  test("ends when time runs out, the caller leaves, or the service stops", async () => {
    const pusher = await started(1);
    const caller = new AbortController();
    const timed = watched(pusher.waitUntilConverged(0, 1000));
    const left = watched(pusher.waitUntilConverged(0, 60_000, caller.signal));
    const stopped = watched(pusher.waitUntilConverged(0, 60_000));
    await clock.advance(1000);
    caller.abort();
    await settled();
    expect([timed.verdict, left.verdict, stopped.verdict]).toEqual([
      "timed-out",
      "timed-out",
      "open",
    ]);
    transport.to("s-1").answer({ kind: "failed", detail: "x" });
    await pusher.close();
    await settled();
    expect(stopped.verdict).toBe("timed-out");
    expect(await pusher.waitUntilConverged(0, 60_000)).toBe("timed-out");
    expect(await pusher.waitUntilConverged(0, 60_000, caller.signal)).toBe("timed-out");
  });

  test("counts a server that is dormant as unreachable", async () => {
    const pusher = await started(1);
    const waiting = watched(pusher.waitUntilConverged(0, 3_600_000));
    transport.to("s-1").answer({ kind: "failed", detail: "no answer" });
    transport.automatic = () => ({ kind: "failed", detail: "no answer" });
    await clock.advance(590_000);
    expect(waiting.verdict).toBe("open");
    await clock.advance(60_000);
    expect(waiting.verdict).toBe("unreachable-left");
    expect(pusher.delivery(serverId("s-1"))).toMatchObject({ state: "dormant" });
    const probes = transport.sent.length;
    await clock.advance(600_000);
    expect(transport.sent.length - probes).toBe(10);
  });
});
