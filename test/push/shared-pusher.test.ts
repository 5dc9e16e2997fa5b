import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import { formatDigest } from "../../src/core/digest.ts";
import { addNode, give, makeVolume } from "../support/hand-over-cluster.ts";
import { FakeSharedStore, type Replica, replicaOn } from "./fake-shared-store.ts";
import { appliedTo, FakeTransport, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const CALLBACK = "http://127.0.0.1:9001/";
let store: FakeSharedStore;
let clock: ManualClock;
/** Each process has connections of its own. */
let transports: [FakeTransport, FakeTransport];
let one: Replica;
let other: Replica;

/** Three servers that have the head, in which they own 0–3, 4–7 and 8–11; `one` distributes. */
beforeEach(async () => {
  store = new FakeSharedStore();
  clock = new ManualClock();
  transports = [new FakeTransport(), new FakeTransport()];
  for (const name of ["a", "b", "c"]) {
    store.register(name, CALLBACK);
    store.history.commit(addNode(name));
  }
  store.history.commit(makeVolume([..."aaaabbbbcccc"]));
  [one, other] = transports.map((transport) => replicaOn(store, { transport, clock })) as [
    Replica,
    Replica,
  ];
  for (const transport of transports) transport.automatic = (_, update) => appliedTo(update);
  store.term = 1;
  one.look(1);
  await settled();
  other.look();
  for (const transport of transports) {
    transport.automatic = undefined;
    transport.sent.length = 0;
  }
});

const head = () => store.state.distributedRevision;
const commit = (change: (state: ClusterState) => ClusterState) => store.commit(change);
const acked = (name: string) => store.ledger.get(serverId(name))?.acked?.revision;

/** The lease goes to the other one. */
function handOver(): void {
  store.term++;
  other.look(store.term);
}

describe("who holds the lease", () => {
  test("alone sends, and the others tell the same from the ledger", async () => {
    commit(give("b", 0, 0));
    one.look();
    other.look();
    await settled();
    expect(transports.map(({ sent }) => sent.length)).toEqual([3, 0]);
    for (const name of ["a", "b", "c"]) transports[0].to(name).apply();
    await settled();
    other.look();
    for (const { pusher } of [one, other]) {
      expect(pusher.progress(head())).toMatchObject({ servers: 3, acked: 3, behind: [] });
      expect(pusher.deliveryCounts()).toEqual({ current: 3 });
      expect(pusher.head.settledRevision).toBe(head());
      expect(await pusher.waitUntilConverged(head(), 0)).toBe("converged");
    }
  });

  test("begins where the ledger says, and sends nobody what it has", async () => {
    commit(give("b", 0, 0));
    one.look();
    await settled();
    transports[0].to("a").apply();
    await settled();
    handOver();
    await settled();
    // The first has the tables, and is told what is settled.
    const kinds = transports[1].sent.map(({ push, update }) => [push.serverId, update.kind]);
    expect(kinds.sort()).toEqual([
      ["a", "settled"],
      ["b", "delta"],
      ["c", "delta"],
    ]);
  });

  test("does not count what comes after a takeover, nor take in a newer head", async () => {
    commit(give("b", 0, 0));
    one.look();
    await settled();
    const before = acked("b");
    handOver();
    await settled();
    // Paused past its lease: it neither knows of the other one yet nor of what that one writes.
    transports[0].to("b").apply();
    await settled();
    expect(acked("b")).toBe(before);
    const sent = transports[0].sent.length;
    commit(give("b", 1, 1));
    one.look();
    other.look();
    await settled();
    expect(transports[0].sent.length).toBe(sent);
    transports[1].to("b").apply();
    await settled();
    expect(transports[1].to("b").update.revision).toBe(head());
  });

  test("begins anew from what is durable after a write that failed", async () => {
    commit(give("b", 0, 0));
    one.look();
    await settled();
    store.beforeWrite = async () => {
      throw new Error("the database is out of reach");
    };
    transports[0].to("a").apply();
    await settled();
    store.beforeWrite = async () => {};
    expect(acked("a")).not.toBe(head());
    // What is still in flight holds the end up for a while.
    await clock.advance(3000);
    one.look();
    await settled();
    transports[0].underWay.at(-1)!.apply();
    expect(transports[0].sent.filter(({ push }) => push.serverId === "a").length).toBe(2);
  });
});

describe("what another process hears of a server", () => {
  const report = (state: ClusterState) => ({
    generation: state.generation,
    revision: state.distributedRevision,
    digest: formatDigest(state.digest),
  });

  test("stands in the ledger when it is answered", async () => {
    commit(give("b", 0, 0));
    for (const { look } of [one, other]) look();
    await settled();
    let answer: unknown;
    const reported = other.pusher.reported(serverId("b"), report(store.state));
    void reported.then((told) => {
      answer = told;
    });
    await settled();
    expect([answer, store.heard.length]).toEqual([undefined, 1]);
    one.look();
    await settled();
    other.look();
    expect((await reported).revision).toBe(head());
    expect([acked("b"), store.heard.length]).toEqual([head(), 0]);
  });

  test("is durable where nobody distributes, and answered after a second", async () => {
    store.term = 9;
    const reported = other.pusher.reported(serverId("b"), report(store.state));
    await settled();
    await clock.advance(1000);
    await reported;
    expect(store.heard).toHaveLength(1);
    // Whoever distributes next takes it in.
    other.look(9);
    await settled();
    expect(store.heard).toEqual([]);
  });

  test("is let go where the registration is over", async () => {
    await store.hear({
      ...{ storageServerId: serverId("a"), registeredRevision: 0, at: 0 },
      event: { kind: "reported", report: report(store.state) },
    });
    one.look();
    await settled();
    expect(store.heard).toEqual([]);
    expect(acked("a")).toBe(head());
  });
});

describe("a server that has more than the head that is known", () => {
  test("is ahead only where the store has no more either", async () => {
    // The other one has pushed a revision that this one has not seen.
    const before = commit(give("b", 0, 0));
    one.look();
    await settled();
    const { generation } = before;
    const after = commit(give("b", 1, 1));
    const revision = after.distributedRevision;
    transports[0].to("a").answer({ kind: "gap", reason: "revision", generation, revision });
    await settled();
    expect(one.pusher.delivery(serverId("a"))?.state).toBe("current");
    transports[0].to("b").answer({ kind: "gap", reason: "revision", generation, revision: 99 });
    await settled();
    expect(one.pusher.delivery(serverId("b"))?.state).toBe("ahead");
  });

  test("is answered by a process that has looked", async () => {
    const { generation, distributedRevision: after } = commit(give("b", 0, 0));
    const wait = { timeoutMs: 0, signal: new AbortController().signal };
    const position = { generation, after };
    expect(await other.pusher.pull(serverId("a"), position, wait)).toBeUndefined();
    expect(other.pusher.head.revision).toBe(after);
  });
});

describe("what is settled", () => {
  test("heeds losses in heads that were skipped", async () => {
    // b has been told of the first by one that died; the next one begins with the second.
    const first = commit(give("b", 0, 0)).distributedRevision;
    one.look();
    await settled();
    transports[0].to("b").apply();
    await settled();
    commit(give("c", 1, 1));
    handOver();
    await settled();
    for (const name of ["b", "c"]) transports[1].to(name).apply();
    await settled();
    expect(other.pusher.head.settledRevision).toBe(first - 1);
    transports[1].to("a").apply();
    await settled();
    expect(other.pusher.head.settledRevision).toBe(head());
  });

  test("heeds them too where a follower skips heads", async () => {
    const first = commit(give("b", 0, 0)).distributedRevision;
    commit(give("c", 1, 1));
    other.look();
    expect(other.pusher.head.settledRevision).toBe(first - 1);
  });
});

test("a snapshot has the same bytes, whichever process is asked for it by its name", async () => {
  const { generation } = store.state;
  const of = { generation, revision: head(), settledRevision: 2 };
  const reader = new AbortController();
  const bytes = await Promise.all(
    [one, other, one].map(async ({ pusher }) => {
      const read = await pusher.readSnapshot(of, reader.signal);
      return createHash("sha256").update(gunzipSync(read!.gzip)).digest("hex");
    }),
  );
  expect(new Set(bytes).size).toBe(1);
  const newer = commit(give("b", 0, 0)).distributedRevision;
  expect(await other.pusher.readSnapshot({ ...of, revision: newer }, reader.signal)).toBeDefined();
  expect(await other.pusher.readSnapshot(of, reader.signal)).toBeDefined();
  expect(await other.pusher.readSnapshot({ ...of, revision: 99 }, reader.signal)).toBeUndefined();
  reader.abort();
});
