import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { createPusher } from "../../src/push/pusher.ts";
import { FakeStore, FakeTransport, partsWith } from "./fakes.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const TOO_MANY = expect.objectContaining({ code: "too-many-snapshot-reads" });

async function startReads(snapshotReadsMax: number) {
  const [store, clock, transport] = [new FakeStore(), new ManualClock(), new FakeTransport()];
  store.register("s-1", undefined);
  store.change();
  const pusher = createPusher(partsWith({ store, clock, transport, snapshotReadsMax }));
  await pusher.start(store.state);
  const head = () => ({
    generation: store.state.generation,
    revision: store.state.distributedRevision,
  });
  const read = (of = head()) => {
    const reader = new AbortController();
    const begun = pusher.readSnapshot(of, reader.signal);
    begun.catch(() => {});
    return { begun, end: () => reader.abort() };
  };
  return { store, clock, pusher, head, read };
}

it("gives all readers one buffer, built once", async () => {
  const { read, head } = await startReads(1000);
  const reads = await Promise.all(Array.from({ length: 1000 }, () => read().begun));
  const buffers = new Set(reads.map((each) => each!.gzip));
  expect(buffers.size).toBe(1);
  const [bytes] = buffers;
  expect(JSON.parse(gunzipSync(bytes!).toString())).toMatchObject({ kind: "snapshot", ...head() });
});

it("lets so many read at once, the others as soon as one has ended", async () => {
  const { read } = await startReads(2);
  const [first] = [read(), read()];
  await expect(read().begun).rejects.toEqual(TOO_MANY);
  await first.begun;
  await expect(read().begun).rejects.toEqual(TOO_MANY);
  first.end();
  first.end();
  expect(await read().begun).toBeDefined();
  await expect(read().begun).rejects.toEqual(TOO_MANY);
});

it("takes no place for a snapshot that is not there, nor for a reader that is gone", async () => {
  const { read, head } = await startReads(1);
  expect(await read({ ...head(), revision: 99 }).begun).toBeUndefined();
  const gone = read();
  gone.end();
  await gone.begun;
  expect(await read().begun).toBeDefined();
});

it("calls a reader late after half a minute and what its bytes take", async () => {
  const { read, clock } = await startReads(2);
  const [slow, fast] = [read(), read()];
  const [{ late, gzip }, other] = [(await slow.begun)!, (await fast.begun)!];
  fast.end();
  await clock.advance(30_000);
  expect(late.aborted).toBe(false);
  await clock.advance(Math.ceil(gzip.length / 64));
  await settled();
  expect([late.aborted, other.late.aborted]).toEqual([true, false]);
  expect(String(late.reason)).toContain("was not read within");
});
