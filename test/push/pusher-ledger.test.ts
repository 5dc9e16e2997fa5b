import { beforeEach, describe, expect, test } from "vitest";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import { appliedTo, FakeStore, FakeTransport, partsWith, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const CALLBACK = "http://127.0.0.1:9001/";
let store: FakeStore;
let transport: FakeTransport;
let clock: ManualClock;
let pusher: Pusher;

beforeEach(() => {
  store = new FakeStore();
  transport = new FakeTransport();
  clock = new ManualClock();
  pusher = createPusher(partsWith({ store, transport, clock }));
});

/** Holds writes back; each call of what it returns lets one through. */
function holdWrites(): () => Promise<void> {
  const held: (() => void)[] = [];
  store.beforeWrite = () => new Promise((resolve) => void held.push(resolve));
  return async () => {
    held.shift()?.();
    await settled();
  };
}

async function startWith(...names: string[]): Promise<void> {
  for (const name of names) store.register(name, CALLBACK);
  await pusher.start(store.state);
  await settled();
}

describe("an acknowledgement", () => {
  test("counts when it is durable, not before", async () => {
    await startWith("s-1");
    const letThrough = holdWrites();
    transport.to("s-1").apply();
    await settled();
    expect(pusher.delivery(serverId("s-1"))?.state).toBe("behind");
    pusher.headChanged(store.change());
    expect(pusher.progress(0)).toMatchObject({ acked: 0, behind: ["s-1"] });
    await letThrough();
    expect(pusher.delivery(serverId("s-1"))).toMatchObject({ ackedRevision: 0, lag: 2 });
    expect(pusher.progress(0)).toMatchObject({ acked: 1, behind: [] });
  });

  test("that comes during a write goes into the next batch with the others", async () => {
    await startWith("s-1", "s-2", "s-3", "s-4");
    const letThrough = holdWrites();
    transport.to("s-1").apply();
    await settled();
    for (const name of ["s-2", "s-3", "s-4"]) transport.to(name).apply();
    await letThrough();
    await letThrough();
    expect(store.batches.map(({ records }) => records.length)).toEqual([1, 3]);
  });

  test("that cannot be written is tried again, and counts only then", async () => {
    await startWith("s-1");
    store.beforeWrite = () => Promise.reject(new Error("disk full"));
    transport.to("s-1").apply();
    await settled();
    expect(pusher.delivery(serverId("s-1"))?.state).toBe("behind");
    store.beforeWrite = async () => {};
    await clock.advance(1000);
    expect(pusher.delivery(serverId("s-1"))?.state).toBe("current");
  });
});

describe("convergence", () => {
  test("is recorded with the acknowledgement that completes it", async () => {
    store.change();
    await startWith("s-1", "s-2");
    transport.to("s-1").apply();
    await settled();
    transport.to("s-2").apply();
    await settled();
    expect(store.batches.map((batch) => batch.convergedRevision)).toEqual([undefined, 1]);
  });

  test("is recorded when the last one that was behind is removed", async () => {
    store.change();
    await startWith("s-1", "s-2");
    transport.to("s-1").apply();
    await settled();
    pusher.headChanged(store.remove("s-2"));
    await settled();
    expect(store.batches.at(-1)).toEqual({ records: [], convergedRevision: 1 });
  });

  test("is never recorded where no storage server is registered", async () => {
    store.change();
    await startWith("s-1");
    pusher.headChanged(store.remove("s-1"));
    pusher.headChanged(store.change());
    await settled();
    expect(store.batches).toEqual([]);
    expect(pusher.progress(4)).toEqual({ servers: 0, acked: 0, behind: [], unreachable: [] });
    expect(await pusher.waitUntilConverged(4, 1000)).toBe("converged");
  });
});

describe("a restart", () => {
  const recordOf = (name: string, changes: Partial<DeliveryRecord>): DeliveryRecord => ({
    storageServerId: serverId(name),
    registeredRevision: store.state.storageServers.get(serverId(name))!.registeredRevision,
    mode: "active",
    since: 5,
    consecutiveFailures: 0,
    snapshotNeeded: false,
    ...changes,
  });
  const acked = (revision: number) => ({ acked: { generation: 1, revision } });

  test("sends nothing to who has the head, and goes on with the others where they are", async () => {
    for (const name of ["current", "behind", "new", "failing", "replaced"]) {
      store.register(name, CALLBACK);
    }
    store.change();
    const head = store.change().distributedRevision;
    const records = [
      recordOf("current", { ...acked(head), toldSettled: { generation: 1, revision: head } }),
      recordOf("behind", acked(head - 1)),
      recordOf("failing", {
        ...acked(1),
        consecutiveFailures: 3,
        nextAttemptAt: clock.now() + 5000,
      }),
      recordOf("replaced", { ...acked(head), registeredRevision: 1 }),
      { ...recordOf("new", acked(head)), storageServerId: serverId("removed") },
    ];
    for (const record of records) store.ledger.set(record.storageServerId, record);
    await pusher.start(store.state);
    await settled();
    const sent = transport.sent.map(({ push, update }) => [
      push.serverId,
      update.kind,
      update.fromRevision,
    ]);
    expect(sent.sort()).toEqual([
      ["behind", "delta", head - 1],
      ["new", "snapshot", undefined],
      ["replaced", "snapshot", undefined],
    ]);
    expect(pusher.delivery(serverId("current"))).toMatchObject({ state: "current", since: 5 });
    expect(pusher.deliveryCounts()).toEqual({ current: 1, behind: 4 });
    await clock.advance(5000);
    expect(transport.to("failing").update).toMatchObject({ kind: "delta", fromRevision: 1 });
  });
});

describe("closing", () => {
  test("begins nothing new, waits for what is in flight, and writes it", async () => {
    await startWith("s-1");
    const closing = pusher.close();
    pusher.headChanged(store.change());
    transport.to("s-1").apply();
    await closing;
    expect(transport.sent).toHaveLength(1);
    expect(store.ledger.get(serverId("s-1"))?.acked).toEqual({ generation: 1, revision: 0 });
    await clock.advance(120_000);
    expect(transport.sent).toHaveLength(1);
  });

  test("does not wait for ever", async () => {
    await startWith("s-1");
    const closing = pusher.close();
    await clock.advance(3000);
    await closing;
    transport.to("s-1").apply();
    await settled();
    expect(store.batches).toEqual([]);
  });

  test("counts its patience from the moment when the end begins", async () => {
    await startWith("s-1");
    pusher.stopWaiting();
    await clock.advance(2000);
    let closed = false;
    const closing = pusher.close().then(() => {
      closed = true;
    });
    await clock.advance(999);
    expect(closed).toBe(false);
    await clock.advance(1);
    await closing;
  });

  test("is not held up by a store that cannot write", async () => {
    await startWith("s-1");
    store.beforeWrite = () => Promise.reject(new Error("disk full"));
    transport.automatic = (_, update) => appliedTo(update);
    transport.to("s-1").apply();
    await settled();
    const closing = pusher.close();
    await clock.advance(3000);
    await closing;
  });
});
