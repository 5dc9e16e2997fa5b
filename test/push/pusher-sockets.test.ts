/** The pusher, the real transport and reference receivers, over real sockets. */
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { formatDigest } from "../../src/core/digest.ts";
import { parseCallbackPolicy } from "../../src/push/callback-policy.ts";
import { createPusher } from "../../src/push/pusher.ts";
import { createTransport } from "../../src/push/transport.ts";
import { type ListeningReceiver, listen } from "../support/receiver.ts";
import { FakeStore, partsWith, SECRET } from "./fakes.ts";
import { realClock } from "./manual-clock.ts";

const WAIT_MS = 15_000;
const open: (() => Promise<void>)[] = [];
const closeAll = async () => {
  for (const close of open.splice(0).reverse()) await close();
};
afterEach(closeAll);

/** A service of three servers, with retries that follow at once. */
async function cluster(count = 3) {
  const store = new FakeStore();
  const receivers: ListeningReceiver[] = [];
  for (let i = 0; i < count; i++) {
    const receiver = await listen(`s-${i}`, SECRET);
    open.push(receiver.close);
    receivers.push(receiver);
    store.register(`s-${i}`, receiver.url);
  }
  const start = async () => {
    const policy = parseCallbackPolicy("127.0.0.0/8");
    const transport = createTransport({ policy, timeoutMs: 150, clock: realClock });
    const pusher = createPusher(partsWith({ store, transport, clock: realClock, random: () => 0 }));
    await pusher.start(store.state);
    const stop = async () => {
      await pusher.close();
      await transport.close();
    };
    open.push(stop);
    return { pusher, stop };
  };
  return { store, receivers, start };
}

function expectAllAtHead({
  store,
  receivers,
}: {
  store: FakeStore;
  receivers: ListeningReceiver[];
}) {
  for (const { receiver, refusals } of receivers) {
    expect(refusals).toEqual([]);
    expect(receiver.revision).toBe(store.state.distributedRevision);
    expect(receiver.digest).toBe(formatDigest(store.state.digest));
  }
}

test("receivers verify, apply and acknowledge; a restart sends them nothing again", async () => {
  const { store, receivers, start } = await cluster();
  const first = await start();
  for (let i = 0; i < 5; i++) first.pusher.headChanged(store.change());
  const head = store.state.distributedRevision;
  expect(await first.pusher.waitUntilConverged(head, WAIT_MS)).toBe("converged");
  expectAllAtHead({ store, receivers });
  await first.stop();

  const sentBefore = receivers.map(({ receiver }) => receiver.log.length);
  receivers[0]!.receiver.reset();
  const second = await start();
  expect(await second.pusher.waitUntilConverged(head, WAIT_MS)).toBe("converged");
  expect(receivers.map(({ receiver }) => receiver.log.length)).toEqual(sentBefore);

  // The one that lost everything says so with the next update, and is made whole.
  second.pusher.headChanged(store.change());
  const next = store.state.distributedRevision;
  expect(await second.pusher.waitUntilConverged(next, WAIT_MS)).toBe("converged");
  expectAllAtHead({ store, receivers });
  expect(receivers[0]!.receiver.log.at(-1)?.kind).toBe("snapshot");
});

const fault = fc.constantFrom(
  "apply",
  "apply",
  "drop-answer",
  "hang",
  "busy",
  "broken",
  "reset",
  "damage",
  "wrong digest",
);
const turn = fc.record({ server: fc.nat({ max: 2 }), faults: fc.array(fault, { maxLength: 3 }) });

test("whatever receivers and connections do, all end with the head", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 8 }), async (turns) => {
      const parts = await cluster();
      const { store, receivers } = parts;
      const { pusher } = await parts.start();
      for (const { server, faults } of turns) {
        inject(receivers[server]!, [...faults]);
        pusher.headChanged(store.change());
        if (faults.length > 2) {
          await pusher.waitUntilConverged(store.state.distributedRevision, WAIT_MS);
        }
      }
      for (const receiver of receivers) receiver.intercept = () => "apply";
      pusher.headChanged(store.change());
      const head = store.state.distributedRevision;
      expect(await pusher.waitUntilConverged(head, WAIT_MS)).toBe("converged");
      expectAllAtHead(parts);
      for (const { receiver } of receivers) expectOrdered(receiver.log);
      await closeAll();
    }),
    { numRuns: 12 },
  );
});

/** Lets the next messages meet the faults, one each. */
function inject(listening: ListeningReceiver, faults: string[]): void {
  const { receiver } = listening;
  const busy = { status: 503, headers: { "retry-after": "0" } };
  listening.intercept = () => {
    const next = faults.shift() ?? "apply";
    if (next === "busy") return busy;
    if (next === "broken") return { status: 500 };
    if (next === "reset") receiver.reset();
    if (next === "damage") receiver.damage();
    if (next === "wrong digest") {
      const { generation, revision } = receiver;
      const body = {
        status: "unchanged",
        generation,
        revision,
        digest: `xor-sha256:${"0".repeat(64)}`,
      };
      return { status: 200, body };
    }
    return next === "drop-answer" || next === "hang" ? next : "apply";
  };
}

/** The service never sends an older head after a newer one. */
function expectOrdered(log: readonly { revision: number }[]): void {
  const revisions = log.map(({ revision }) => revision);
  expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
}
