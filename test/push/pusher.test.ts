import { beforeEach, describe, expect, test } from "vitest";
import * as cluster from "../../src/core/cluster-state.ts";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import { appliedTo, FakeStore, FakeTransport, partsWith, RecordingLog, serverId } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const URL_1 = "http://127.0.0.1:9001/";
let store: FakeStore;
let transport: FakeTransport;
let clock: ManualClock;
let log: RecordingLog;
let pusher: Pusher;

beforeEach(() => {
  store = new FakeStore();
  transport = new FakeTransport();
  clock = new ManualClock();
  log = new RecordingLog();
  pusher = createPusher(partsWith({ store, transport, clock, log }));
});

const changed = async () => {
  pusher.headChanged(store.change());
  await settled();
};
const applied = async (name: string) => {
  transport.to(name).apply();
  await settled();
};
const stateOf = (name: string) => pusher.delivery(serverId(name))?.state;

/** Registers servers, starts, and brings them to the head. */
async function startedWith(...names: string[]): Promise<void> {
  for (const name of names) store.register(name, URL_1);
  transport.automatic = (_, update) => appliedTo(update);
  await pusher.start(store.state);
  await settled();
  transport.automatic = undefined;
  transport.sent.length = 0;
}

describe("a new registration", () => {
  test("is sent a snapshot at once, even of an empty cluster", async () => {
    store.register("s-1", URL_1);
    await pusher.start(store.state);
    await settled();
    expect(transport.to("s-1").update).toMatchObject({ kind: "snapshot", revision: 0 });
    await applied("s-1");
    expect(pusher.delivery(serverId("s-1"))).toMatchObject({ state: "current", ackedRevision: 0 });
  });

  test("that comes later is found by the hint", async () => {
    await startedWith("s-1");
    pusher.headChanged(store.register("s-2", URL_1));
    await settled();
    expect(transport.to("s-2").update.kind).toBe("snapshot");
  });

  test("without a callback is never pushed to, and counts as behind", async () => {
    store.register("s-1", undefined);
    await pusher.start(store.state);
    await changed();
    await clock.advance(120_000);
    expect(transport.sent).toHaveLength(0);
    expect(stateOf("s-1")).toBe("behind");
    expect(pusher.progress(1)).toMatchObject({ servers: 1, acked: 0, unreachable: [] });
  });

  test("of a changed callback forgets what was acknowledged, and drops late answers", async () => {
    await startedWith("s-1");
    await changed();
    const late = transport.to("s-1");
    pusher.headChanged(store.register("s-1", "http://127.0.0.1:9002/"));
    await settled();
    expect(transport.forgotten).toEqual(["s-1"]);
    const [, fresh] = transport.underWay;
    expect(fresh).toMatchObject({
      push: { url: "http://127.0.0.1:9002/" },
      update: { kind: "snapshot" },
    });
    late.apply();
    await settled();
    expect(store.batches).toHaveLength(1);
    expect(pusher.delivery(serverId("s-1"))).toMatchObject({
      state: "behind",
      ackedRevision: undefined,
    });
    await applied("s-1");
    expect(stateOf("s-1")).toBe("current");
  });
});

describe("a moved head", () => {
  test("goes out as a delta from what the server has", async () => {
    await startedWith("s-1");
    await changed();
    const { update } = transport.to("s-1");
    expect(update).toMatchObject({ kind: "delta", fromRevision: 0, revision: 2 });
    expect(update.nodes).toHaveLength(1);
  });

  test("while a message is in flight only marks the server; the rest goes out as one", async () => {
    await startedWith("s-1");
    for (let i = 0; i < 4; i++) await changed();
    expect(transport.sent).toHaveLength(1);
    await applied("s-1");
    expect(transport.to("s-1").update).toMatchObject({ fromRevision: 2, revision: 5 });
    await applied("s-1");
    expect(transport.sent).toHaveLength(2);
    expect(stateOf("s-1")).toBe("current");
  });

  test("that changes nothing of what is distributed sends nothing", async () => {
    await startedWith("s-1");
    pusher.headChanged(store.history.commit((s) => cluster.putSettings(s, { revision: 2 })));
    await settled();
    expect(transport.sent).toHaveLength(0);
    expect(stateOf("s-1")).toBe("current");
  });

  test("is found by the sweep when the hint is lost", async () => {
    pusher = createPusher(partsWith({ store, transport, clock, committed: () => store.state }));
    await startedWith("s-1");
    store.change();
    await clock.advance(29_999);
    expect(transport.sent).toHaveLength(0);
    await clock.advance(1);
    expect(transport.to("s-1").update.revision).toBe(2);
  });

  test("that was committed while the start read the ledger is not lost", async () => {
    store.register("s-1", URL_1);
    const starting = pusher.start(store.state);
    pusher.headChanged(store.change());
    await starting;
    await settled();
    expect(transport.to("s-1").update.revision).toBe(2);
  });
});

describe("a failed attempt", () => {
  const failed = { kind: "failed", detail: "no answer" } as const;

  test("is tried again after the backoff, under the same id and with the secret of the day", async () => {
    await startedWith("s-1");
    await changed();
    const first = transport.to("s-1");
    first.answer(failed);
    await settled();
    expect(pusher.delivery(serverId("s-1"))).toMatchObject({
      state: "behind",
      lastError: "no answer",
      consecutiveFailures: 1,
      nextAttemptAt: clock.now() + 250,
    });
    const signingSecret = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
    pusher.headChanged(
      store.history.commit((s) =>
        cluster.putCredentials(s, serverId("s-1"), { signingSecret, tokenSha256: "" }),
      ),
    );
    await clock.advance(249);
    expect(transport.underWay).toHaveLength(0);
    await clock.advance(1);
    const second = transport.to("s-1");
    expect(second.push.headers["webhook-id"]).toBe(first.push.headers["webhook-id"]);
    expect(second.push.headers["webhook-signature"]).not.toBe(
      first.push.headers["webhook-signature"],
    );
    expect(second.push.body).toBe(first.push.body);
  });

  test("of a message that cannot be made counts as one, and is logged", async () => {
    await startedWith("s-1");
    store.changesBetween = () => Promise.reject(new Error("disk I/O error"));
    await changed();
    expect(transport.sent).toHaveLength(0);
    expect(pusher.delivery(serverId("s-1"))?.consecutiveFailures).toBe(1);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: "error", message: "cannot make an update" }),
    );
  });

  test("never shows a secret in the log", async () => {
    await startedWith("s-1");
    await changed();
    transport.to("s-1").answer({ kind: "gone" });
    await settled();
    expect(log.lines.at(-1)).toMatchObject({ level: "warn", message: "a storage server is gone" });
    expect(JSON.stringify(log.lines)).not.toMatch(/whsec_|v1,/);
  });
});

test("a gap is made good at once, a second one after a pause", async () => {
  await startedWith("s-1");
  for (let i = 0; i < 3; i++) store.change();
  pusher.headChanged(store.state);
  await settled();
  const gap = { kind: "gap", reason: "revision", generation: 1, revision: 3 } as const;
  transport.to("s-1").answer(gap);
  await settled();
  expect(transport.to("s-1").update).toMatchObject({ kind: "delta", fromRevision: 3 });
  transport.to("s-1").answer(gap);
  await settled();
  expect(transport.underWay).toHaveLength(0);
  await clock.advance(250);
  expect(transport.to("s-1").update.kind).toBe("snapshot");
});

test("a server that refused a revision gets the next one, not the same again", async () => {
  await startedWith("s-1");
  await changed();
  transport.to("s-1").answer({ kind: "rejected", detail: "refused" });
  await clock.advance(3_600_000);
  expect(transport.sent).toHaveLength(1);
  expect(stateOf("s-1")).toBe("parked");
  await changed();
  expect(transport.to("s-1").update).toMatchObject({ fromRevision: 0, revision: 3 });
});

describe("the same registration once more", () => {
  test.each([
    ["gone", { kind: "gone" }],
    ["parked", { kind: "rejected", detail: "no" }],
  ] as const)("brings a server back that is %s", async (state, answer) => {
    await startedWith("s-1");
    await changed();
    transport.to("s-1").answer(answer);
    await settled();
    expect(stateOf("s-1")).toBe(state);
    pusher.registeredAgain(serverId("s-1"));
    await settled();
    await applied("s-1");
    expect(stateOf("s-1")).toBe("current");
  });

  test("does not hurry a server that is being tried", async () => {
    await startedWith("s-1");
    await changed();
    transport.to("s-1").answer({ kind: "failed", detail: "answered 500" });
    await settled();
    const sent = transport.sent.length;
    pusher.registeredAgain(serverId("s-1"));
    pusher.registeredAgain(serverId("nobody"));
    await settled();
    expect(transport.sent.length).toBe(sent);
  });
});
