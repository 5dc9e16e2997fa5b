/** Bodies that come slowly: over real connections, in the test's own time. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import Fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { limitBodyTimes } from "../../src/http/body-deadlines.ts";
import { passJsonBodies } from "../../src/http/body-parsers.ts";
import { TABLE_BODY_LIMIT_BYTES } from "../../src/http/endpoint.ts";
import { ManualClock } from "../push/manual-clock.ts";
import { open, until } from "../support/open-call.ts";
import { startWorkedExample } from "../support/service.ts";

const KIB = 1024;

/** A clock that tells which waits were begun. */
class WatchedClock extends ManualClock {
  readonly delays: number[] = [];

  override after(delayMs: number, callback: () => void): () => void {
    this.delays.push(delayMs);
    return super.after(delayMs, callback);
  }
}

async function startWatched() {
  const clock = new WatchedClock();
  const client = await startWorkedExample({}, clock);
  const sockets: Socket[] = [];
  client.service.app.server.on("connection", (socket) => sockets.push(socket));
  clock.delays.length = 0;
  const tenSeconds = () => until(() => clock.delays.includes(10_000));
  return { clock, client, sockets, tenSeconds };
}

const late = {
  status: 408,
  headers: { connection: "close", "content-type": "application/problem+json; charset=utf-8" },
  body: { code: "body-too-slow", status: 408 },
};

it.each([
  ["as it is", "/v1/links/l", {}, Buffer.from("{")],
  ["compressed", "/v1/links/l", { "content-encoding": "gzip" }, gzipSync("{}").subarray(0, 11)],
  ["with a key", "/v1/links/l", { "idempotency-key": "k" }, Buffer.from("{")],
  ["of a table", "/v1/a2c/vol-1", {}, Buffer.from('{"entries":[')],
  ["of a table, with a key", "/v1/a2c/vol-1", { "idempotency-key": "k" }, Buffer.from("{")],
] as const)("gives up a body %s after ten seconds", async (_, path, headers, begin) => {
  const { clock, client, tenSeconds } = await startWatched();
  const { call, answer } = open(client, path, { "content-length": 100, ...headers });
  call.write(begin);
  await tenSeconds();
  await clock.advance(9_999);
  let answered = false;
  void answer.then(() => {
    answered = true;
  });
  expect((await client.callOverSocket("GET", "/v1/links/link-1")).status).toBe(200);
  expect(answered).toBe(false);
  await clock.advance(1);
  expect(await answer).toMatchObject(late);
  expect((await client.get("/v1/cluster")).body.revision).toBe(1);
});

it("gives a table a second more for each 64 KB, and none without", async () => {
  const { clock, client, sockets, tenSeconds } = await startWatched();
  const begin = `{"entries":[${" ".repeat(400 * KIB)}`;
  const end = '{"firstLba":0,"lastLba":100,"cNodeId":"c-1"}]}';
  const send = async (length: number) => {
    clock.delays.length = 0;
    // A connection of its own, so that what has come on it is this body.
    const headers = { "content-length": length, connection: "close" };
    const { call, answer } = open(client, "/v1/a2c/vol-1", headers);
    call.write(begin);
    await tenSeconds();
    await until(() => sockets.at(-1)!.bytesRead >= begin.length);
    await clock.advance(10_000);
    expect(clock.delays.at(-1)).toBeGreaterThan(5_000);
    expect(clock.delays.at(-1)).toBeLessThan(7_000);
    return { call, answer };
  };
  const slow = await send(begin.length + end.length);
  slow.call.end(end);
  expect(await slow.answer).toMatchObject({ status: 200, body: { entries: 1 } });
  const stuck = await send(begin.length + end.length);
  await clock.advance(7_000);
  expect(await stuck.answer).toMatchObject(late);
});

it("cuts off a body that nobody reads", async () => {
  const { clock, client, tenSeconds } = await startWatched();
  const path = "/v1/storage-servers/s-1/updates?generation=1&after=1&waitSeconds=30";
  const { call, answer } = open(client, path, { "content-length": 100 }, { method: "GET" });
  call.write("{");
  await tenSeconds();
  await clock.advance(10_000);
  await expect(answer).rejects.toThrow("socket hang up");
});

it("does not hold against a client what the service has not taken yet", async () => {
  const clock = new WatchedClock();
  const app = Fastify();
  onTestFinished(() => app.close());
  limitBodyTimes(app, clock);
  passJsonBodies(app);
  let take = () => {};
  const isTime = new Promise<void>((resolve) => {
    take = resolve;
  });
  app.put("/", { bodyLimit: TABLE_BODY_LIMIT_BYTES }, async ({ body }) => {
    await isTime;
    let bytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) bytes += piece.length;
    return { bytes };
  });
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  const requested = once(app.server, "request");
  const { call, answer } = open({ address }, "/", { "content-length": 10 });
  call.write("12345");
  const [raw] = await requested;
  await until(() => raw.readableLength === 5);
  await clock.advance(60_000);
  take();
  call.end("67890");
  expect(await answer).toMatchObject({ status: 200, body: { bytes: 10 } });
});
