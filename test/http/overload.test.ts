/** What happens to calls while the bounds on load are used up, over real connections. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import type { Bounds } from "../../src/service.ts";
import { follow } from "../support/events.ts";
import { readMetrics } from "../support/metrics.ts";
import { open, until } from "../support/open-call.ts";
import { type Client, startWorkedExample } from "../support/service.ts";

const MAP = JSON.stringify({ entries: [{ firstLba: 0, lastLba: 100, cNodeId: "c-1" }] });
const REPORT = { generation: 1, revision: 0, digest: `xor-sha256:${"0".repeat(64)}` };

const start = (bounds: Bounds) => startWorkedExample({}, undefined, bounds);

const untilRunning = (client: Client, count: number) =>
  until(async () => (await readMetrics(client)).get("evenkeel_http_requests_running") === count);

function dial(client: Client): Socket {
  const { hostname, port } = new URL(client.address);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** A map that comes slowly: it is worked on from its first byte to its last. */
async function slowMap(client: Client) {
  const { call, answer } = open(client, "/v1/a2c/vol-1", { "content-length": MAP.length });
  call.write(MAP.slice(0, 5));
  await untilRunning(client, 1);
  return { answer, complete: () => call.end(MAP.slice(5)) };
}

/** From here on plans and whole tables take a while. */
async function enlarge(client: Client): Promise<void> {
  const blockCount = 20_001;
  const entries = Array.from({ length: blockCount }, (_, lba) => ({
    ...{ firstLba: lba, lastLba: lba, cNodeId: lba % 2 === 0 ? "c-1" : "c-2" },
  }));
  const volumes = [{ id: "large", blockCount, entries }];
  expect((await client.callOverSocket("POST", "/v1/topology", { volumes })).status).toBe(200);
}

function expectRefused(
  { status, headers, body }: Awaited<ReturnType<Client["get"]>>,
  code: string,
) {
  expect([status, body.code, body.status]).toEqual([
    code === "too-many-calls" ? 429 : 503,
    code,
    status,
  ]);
  expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  expect(headers["retry-after"]).toBe("1");
}

/** Whoever must be heard is, over new connections. */
async function expectVitalCallsAnswered(client: Client): Promise<void> {
  const call = (method: string, path: string, body?: unknown) =>
    client.callOverSocket(method, path, body);
  expect((await call("GET", "/healthz")).status).toBe(200);
  expect((await call("GET", "/readyz")).status).toBe(200);
  expect((await call("GET", "/metrics")).status).toBe(200);
  const own = "/v1/storage-servers/s-1";
  expect((await call("POST", `${own}/report`, REPORT)).status).toBe(200);
  expect((await call("GET", `${own}/updates?generation=0&after=0`)).status).toBe(200);
  expect((await call("GET", "/v1/snapshots/1/1")).status).toBe(200);
  const follower = await follow(client.address);
  expect(follower.status).toBe(200);
  follower.leave();
}

it.each([
  ["all callers together", { callsMax: 1 }, "overloaded"],
  ["one caller", { callerCallsMax: 1 }, "too-many-calls"],
] as const)("refuses what is beyond the bound of %s, and serves again", async (_, bounds, code) => {
  const client = await start(bounds);
  const slow = await slowMap(client);
  for (const [method, path, body] of [
    ["GET", "/v1/cluster"],
    ["PUT", "/v1/links/new", {}],
  ] as const) {
    expectRefused(await client.callOverSocket(method, path, body), code);
  }
  await expectVitalCallsAnswered(client);
  slow.complete();
  expect(await slow.answer).toMatchObject({ status: 200 });
  expect((await client.callOverSocket("PUT", "/v1/links/new", {})).status).toBe(201);
  expect((await readMetrics(client)).get("evenkeel_http_requests_running")).toBe(0);
});

it("bounds what costs much on large tables for itself, from before its body is read", async () => {
  const client = await start({ heavyCallsMax: 1 });
  const arrived = once(client.service.app.server, "request");
  const small = open(client, "/v1/rebalances", { "content-length": 2 }, { method: "POST" });
  small.call.write("{");
  await arrived;
  expect((await client.callOverSocket("GET", "/v1/a2c")).status).toBe(200);
  small.call.end("}");
  expect(await small.answer).toMatchObject({ status: 201 });
  await enlarge(client);
  const slow = open(client, "/v1/rebalances", { "content-length": 2 }, { method: "POST" });
  slow.call.write("{");
  await untilRunning(client, 1);
  expectRefused(await client.callOverSocket("POST", "/v1/rebalances", {}), "too-many-calls");
  expectRefused(await client.callOverSocket("GET", "/v1/a2c"), "too-many-calls");
  expect((await client.callOverSocket("GET", "/v1/cluster")).status).toBe(200);
  slow.call.end("}");
  expect(await slow.answer).toMatchObject({ status: 201 });
  await untilRunning(client, 0);
  expect((await client.callOverSocket("GET", "/v1/a2c")).status).toBe(200);
});

it("counts nobody who waits on purpose", async () => {
  const client = await start({ callsMax: 1, heavyCallsMax: 1 });
  const wait = "/v1/rebalances?wait=converged&timeoutSeconds=300";
  const waiting = client.callOverSocket("POST", wait, { strategy: "proportional" });
  await until(async () => {
    const series = await readMetrics(client);
    const isWaiting = series.get("evenkeel_http_requests_running") === 0;
    return isWaiting && series.get("evenkeel_revision") === 2;
  });
  expect((await client.callOverSocket("POST", "/v1/rebalances", {})).status).toBeLessThan(300);
  await client.service.close();
  expect((await waiting).status).toBe(202);
});

it("gives back the place of a call that waits behind another one, when its connection goes", async () => {
  const client = await start({});
  await enlarge(client);
  const socket = dial(client);
  const pull = "/v1/storage-servers/s-1/updates?generation=1&after=2&waitSeconds=30";
  const plan = "POST /v1/rebalances HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
  socket.write(`GET ${pull} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  socket.write(`${plan}\r\ncontent-length: 15\r\n\r\n{"dryRun":true }`);
  await untilRunning(client, 1);
  socket.destroy();
  await untilRunning(client, 0);
});

it("takes in so many large bodies at once, and small ones beside them", async () => {
  const client = await start({ largeBodiesMax: 1 });
  const post = { method: "POST" };
  const slow = open(client, "/v1/topology", { "content-length": 2 ** 21 }, post);
  slow.call.write("{");
  const unknown = async () => {
    const { call, answer } = open(client, "/v1/topology", { "transfer-encoding": "chunked" }, post);
    call.end("{}");
    return (await answer).status;
  };
  await until(async () => (await unknown()) === 503);
  expect((await client.callOverSocket("POST", "/v1/topology", {})).status).toBe(200);
  slow.call.destroy();
  await until(async () => (await unknown()) === 200);
});

it("begins some calls of a crowd at once, and refuses who has waited for too long", async () => {
  const client = await start({ waitMsMax: 0 });
  const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`;
  const socket = dial(client);
  // A call that comes with its connection waits for a turn.
  const known = once(socket, "data");
  socket.write(get("/healthz"));
  await known;
  const crowd = Array.from({ length: 40 }, () => get("/v1/cluster")).join("");
  socket.write(`${crowd}${get("/healthz", "connection: close\r\n")}`);
  const statuses = (await text(socket)).match(/(?<=HTTP\/1.1 )\d+/g)!;
  expect([statuses.length, statuses[0], statuses.at(-1)]).toEqual([41, "200", "200"]);
  expect(new Set(statuses.slice(32, 40))).toEqual(new Set(["503"]));
  expect((await client.get("/v1/cluster")).status).toBe(200);
});

it("closes connections beyond the bound, and counts them", async () => {
  const client = await start({ connectionsMax: 2 });
  const { server } = client.service.app;
  for (const _ of [1, 2]) {
    const accepted = once(server, "connection");
    dial(client);
    await accepted;
  }
  const third = dial(client);
  third.on("error", () => {});
  await once(third.resume(), "close");
  expect((await readMetrics(client)).get("evenkeel_http_connections_refused_total")).toBe(1);
});

it("has the time-outs and bounds of a server that is not alone", async () => {
  const client = await start({});
  expect(client.service.app.server).toMatchObject({
    ...{ headersTimeout: 5_000, timeout: 30_000, keepAliveTimeout: 30_000, maxConnections: 8_192 },
    // The slowest table; every other body has ten seconds.
    requestTimeout: 2 * (10_000 + 128 * 16_384),
  });
  const socket = dial(client);
  socket.write("GET /v1/clus");
  expect(await text(socket)).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  expect((await client.callOverSocket("GET", "/v1/cluster")).status).toBe(200);
});

it("closes a connection on which nothing moves, but not while a call that it has sent is at work", async () => {
  const client = await start({});
  const { server } = client.service.app;
  // As Node does when it has been still for as long as it may.
  const beStill = async (answers: Promise<unknown[]>) => {
    const [request, response] = (await answers) as [IncomingMessage, ServerResponse];
    await until(() => response.listenerCount("timeout") > 0);
    request.socket.emit("timeout");
  };

  const path = "/v1/storage-servers/s-1/updates?generation=1&after=1&waitSeconds=30";
  const asked = once(server, "request");
  const pull = open(client, path, {}, { method: "GET" });
  pull.call.end();
  await beStill(asked);
  await client.post("/v1/rebalances");
  expect(await pull.answer).toMatchObject({ status: 200, body: { revision: 2 } });

  const begun = once(server, "request");
  const stalled = open(client, "/v1/a2c/vol-1", { "content-length": MAP.length });
  stalled.call.write(MAP.slice(0, 5));
  await beStill(begun);
  await expect(stalled.answer).rejects.toThrow("socket hang up");

  const accepted = once(server, "connection");
  const idle = dial(client);
  const [socket] = await accepted;
  socket.emit("timeout");
  expect(await text(idle)).toBe("");
});

it("refuses what comes while it is closing, and says to come again", async () => {
  const client = await start({});
  const socket = dial(client);
  const accepted = once(client.service.app.server, "connection");
  socket.write("GET /v1/clu");
  const [serverSocket] = await accepted;
  await until(() => serverSocket.bytesRead > 0);
  const closed = client.service.close();
  await until(() => !client.service.app.server.listening);
  socket.end("ster HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
  expect(answer).toMatch(/\r\nretry-after: 1\r\n/);
  expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  expect(answer).toContain('"code":"closing"');
  await closed;
});
