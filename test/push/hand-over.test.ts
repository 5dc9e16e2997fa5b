import { beforeEach, describe, expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { startGeneration } from "../../src/core/decisions/generation.ts";
import { fenceStorageServer } from "../../src/core/decisions/storage-servers.ts";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import { addNode, give, makeVolume } from "../support/hand-over-cluster.ts";
import { appliedTo, FakeStore, FakeTransport, partsWith, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const CALLBACK = "http://127.0.0.1:9001/";
const SERVERS = ["a", "b", "c"];
let store: FakeStore;
let transport: FakeTransport;
let clock: ManualClock;
let pusher: Pusher;

/** Three servers that have the head, in which they own 0–3, 4–7 and 8–11. */
beforeEach(async () => {
  store = new FakeStore();
  transport = new FakeTransport();
  clock = new ManualClock();
  for (const name of SERVERS) {
    store.register(name, CALLBACK);
    store.history.commit(addNode(name));
  }
  store.history.commit(makeVolume([..."aaaabbbbcccc"]));
  await startPusher();
});

async function startPusher() {
  pusher = createPusher(partsWith({ store, transport, clock }));
  transport.automatic = (_, update) => appliedTo(update);
  await pusher.start(store.state);
  await settled();
  transport.automatic = undefined;
  transport.sent.length = 0;
}

/** Messages that nobody answers hold the end up for a while. */
async function closePusher() {
  const closing = pusher.close();
  await clock.advance(3000);
  await closing;
}

async function commit(change: (state: ClusterState) => ClusterState) {
  pusher.headChanged(store.commit(change));
  await settled();
}

async function apply(name: string) {
  transport.to(name).apply();
  await settled();
}

const sentTo = (name: string) =>
  transport.sent.filter(({ push }) => push.serverId === name).map(({ update }) => update);
const lastTo = (name: string) => sentTo(name).at(-1);
const head = () => store.state.distributedRevision;

describe("a move from one server to another", () => {
  test("is told to the one that loses first", async () => {
    await commit(give("b", 8, 8));
    expect(transport.sent.map(({ push }) => push.serverId)).toEqual(["c", "a", "b"]);
  });

  test("is settled when the loser has acknowledged, and then everybody hears so", async () => {
    const before = head();
    await commit(give("b", 0, 0));
    expect(SERVERS.map((name) => lastTo(name)?.settledRevision)).toEqual([before, before, before]);
    await apply("b");
    await apply("c");
    expect(transport.sent).toHaveLength(3);
    expect(pusher.delivery(serverId("a"))?.unsettledRevision).toBe(head());
    await apply("a");
    for (const name of SERVERS) {
      expect(lastTo(name)).toEqual({
        ...{ type: "tables.update", clusterId: "test-cluster", generation: 1, kind: "settled" },
        ...{ revision: head(), settledRevision: head() },
      });
      await apply(name);
    }
    expect(transport.sent).toHaveLength(6);
    expect(pusher.head.settledRevision).toBe(head());
    expect(pusher.delivery(serverId("a"))).toMatchObject({
      settledRevision: head(),
      unsettledRevision: undefined,
    });
  });

  test("that nobody loses by is settled with the message that tells of it", async () => {
    await commit(makeVolume([..."abc"], "another" as never));
    expect(lastTo("b")?.settledRevision).toBe(head());
    for (const name of SERVERS) await apply(name);
    expect(transport.sent).toHaveLength(3);
  });

  test("is not held back by a server that gains, or that has nothing to do with it", async () => {
    await commit(give("b", 0, 0));
    await apply("a");
    expect(pusher.head.settledRevision).toBe(head());
  });

  test("tells what is settled with the next update where there is one", async () => {
    await commit(give("b", 0, 0));
    await apply("a");
    const moved = head();
    await commit(give("b", 1, 1));
    await apply("c");
    expect(lastTo("c")).toMatchObject({ kind: "delta", revision: head(), settledRevision: moved });
  });

  test("does not count what is acknowledged before it is durable", async () => {
    let write = () => {};
    store.beforeWrite = () => new Promise((resolve) => (write = resolve));
    await commit(give("b", 0, 0));
    transport.to("a").apply();
    await settled();
    expect(pusher.head.settledRevision).toBeLessThan(head());
    write();
    await settled();
    expect(pusher.head.settledRevision).toBe(head());
  });
});

describe("addresses that come back", () => {
  // A loses x to B in one revision and gets it back in the next; A jumps over both.
  test("never let the server in between hear that they were settled", async () => {
    await commit(give("b", 0, 0));
    const lent = head();
    await apply("b");
    await commit(give("a", 0, 0));
    transport.to("a").answer({ kind: "failed", detail: "time-out" });
    await settled();
    await clock.advance(250);
    await apply("a");
    expect(lastTo("a")).toMatchObject({ revision: head() });
    expect(pusher.head.settledRevision).toBe(lent);
    // B still is where it owned the address; what it is told belongs to the head.
    expect(sentTo("b").map(({ revision }) => revision)).toEqual([lent, head()]);
    expect(sentTo("b").every((update) => update.revision === head() || !isSettled(update))).toBe(
      true,
    );
  });
  const isSettled = (update: { revision: number; settledRevision: number }) =>
    update.settledRevision >= update.revision;
});

describe("a restart", () => {
  test("knows who still may serve what it lost", async () => {
    await commit(give("b", 0, 0));
    await apply("b");
    await commit(give("c", 4, 4));
    await apply("c");
    await closePusher();
    pusher = createPusher(partsWith({ store, transport, clock }));
    transport.sent.length = 0;
    await pusher.start(store.state);
    await settled();
    expect(pusher.head.settledRevision).toBe(head() - 2);
    expect(lastTo("a")?.settledRevision).toBe(head() - 2);
  });

  test("tells again only whom the news had not reached", async () => {
    await commit(give("b", 0, 0));
    for (const name of SERVERS) await apply(name);
    await apply("a");
    await apply("b");
    await closePusher();
    transport.underWay.length = 0;
    transport.sent.length = 0;
    pusher = createPusher(partsWith({ store, transport, clock }));
    await pusher.start(store.state);
    await settled();
    expect(transport.sent.map(({ push, update }) => [push.serverId, update.kind])).toEqual([
      ["c", "settled"],
    ]);
  });
});

describe("a loser that does not answer", () => {
  beforeEach(async () => {
    await commit(give("b", 0, 0));
    await apply("b");
    await apply("c");
    transport.to("a").answer({ kind: "failed", detail: "time-out" });
    await settled();
  });

  test("holds all later moves back too", async () => {
    const moved = head();
    await commit(give("c", 5, 5));
    await apply("b");
    await apply("c");
    expect(pusher.head.settledRevision).toBe(moved - 1);
  });

  test("holds nothing back once it is fenced, whatever it loses then", async () => {
    await commit((state) => fenceStorageServer(state, serverId("a")));
    expect(pusher.head.settledRevision).toBe(head());
    expect(pusher.delivery(serverId("a"))).toMatchObject({ cutOff: true, state: "behind" });
    await commit(give("b", 1, 3));
    expect(pusher.head.settledRevision).toBe(head());
  });

  test("counts again from when it is heard of", async () => {
    await commit((state) => fenceStorageServer(state, serverId("a")));
    await commit(give("b", 1, 1));
    await pusher.reported(serverId("a"), { generation: 1, revision: 4, digest: digestOfNothing });
    expect(pusher.delivery(serverId("a"))).toMatchObject({ cutOff: false });
    expect(pusher.head.settledRevision).toBe(head() - 1);
  });
  const digestOfNothing = `xor-sha256:${"0".repeat(64)}`;
});

describe("a new generation", () => {
  test("counts every server as one that lost, until it has acknowledged", async () => {
    await commit((state) => startGeneration(state, 1_800_000_000_000));
    expect(lastTo("c")).toMatchObject({ kind: "snapshot", generation: 1_800_000_000 });
    expect(pusher.head.settledRevision).toBe(head() - 1);
    await apply("a");
    await apply("b");
    expect(pusher.head.settledRevision).toBe(head() - 1);
    await apply("c");
    expect(pusher.head.settledRevision).toBe(head());
    expect(lastTo("a")).toMatchObject({ kind: "settled", generation: 1_800_000_000 });
  });

  test("wakes a server that had refused this very revision", async () => {
    await commit(give("b", 0, 0));
    transport.to("a").answer({ kind: "rejected", detail: "no" });
    await settled();
    expect(pusher.delivery(serverId("a"))?.state).toBe("parked");
    await commit((state) => startGeneration(state, 1_800_000_000_000));
    expect(lastTo("a")).toMatchObject({ kind: "snapshot", generation: 1_800_000_000 });
  });
});

test("a server that refuses to hear what is settled is not parked, and not asked again", async () => {
  await commit(give("b", 0, 0));
  for (const name of SERVERS) await apply(name);
  transport.to("c").answer({ kind: "rejected", detail: "unknown kind" });
  await settled();
  await clock.advance(3_600_000);
  expect(sentTo("c")).toHaveLength(2);
  expect(pusher.delivery(serverId("c"))).toMatchObject({ state: "current" });
});
