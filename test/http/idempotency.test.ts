import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { Idempotency } from "../../src/http/idempotency.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { ManualClock } from "../push/manual-clock.ts";
import { startService, startWorkedExample, temporaryDirectory } from "../support/service.ts";

const HOUR_MS = 60 * 60 * 1000;
const keyed = (key: string, more: Record<string, string> = {}) => ({
  "idempotency-key": key,
  ...more,
});
const rebalance = { strategy: "proportional", force: true };

it("answers a write again, and does it once", async () => {
  const client = await startWorkedExample();
  const first = await client.post("/v1/rebalances", rebalance, keyed("k"));
  expect([first.status, first.body.movedAddresses]).toEqual([201, 22]);
  const again = await client.post("/v1/rebalances", rebalance, keyed("k"));
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  for (const name of ["location", "revision"]) {
    expect(again.headers[name]).toBe(first.headers[name]);
  }
  expect((await client.get("/v1/rebalances")).body.items).toHaveLength(1);
  // Without the key, or with another, it is another write.
  expect((await client.post("/v1/rebalances", rebalance, keyed("l"))).body.id).not.toBe(
    first.body.id,
  );
});

it("answers again what the revision was, whatever came since, and after a restart", async () => {
  const own = { DATABASE_URL: `sqlite:${join(temporaryDirectory(), "evenkeel.db")}` };
  const client = await startWorkedExample(own);
  const put = (key: string) =>
    client.put("/v1/links/link-9", { remotePort: 1 }, keyed(key, { "if-match": '"1.0"' }));
  const created = await client.put("/v1/links/link-9", {}, keyed("a"));
  expect([created.status, created.headers.etag]).toEqual([201, `"1.${created.revision}"`]);
  await client.patch("/v1/links/link-9", { remotePort: 2 });
  await client.delete("/v1/links/link-9", keyed("d"));
  // A refusal is not kept: the next one is asked anew.
  expect((await put("b")).status).toBe(412);
  await client.service.close();

  const later = await startService(own);
  const again = await later.put("/v1/links/link-9", {}, keyed("a"));
  expect([again.status, again.revision, again.headers.etag, again.body]).toEqual([
    ...[201, created.revision, created.headers.etag, created.body],
  ]);
  expect((await later.get("/v1/links/link-9")).status).toBe(404);
  expect((await later.delete("/v1/links/link-9", keyed("d"))).status).toBe(204);
});

describe("a key", () => {
  it("is of an actor, a method and a path", async () => {
    const client = await startWorkedExample();
    expect((await client.put("/v1/links/x", {}, keyed("k"))).status).toBe(201);
    expect((await client.put("/v1/links/y", {}, keyed("k"))).status).toBe(201);
    expect((await client.patch("/v1/links/x", {}, keyed("k"))).status).toBe(200);
  });

  it("goes with one body", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/links/x", { remotePort: 1 }, keyed("k"));
    const other = await client.put("/v1/links/x", { remotePort: 2 }, keyed("k"));
    expect([other.status, other.body.code]).toEqual([422, "idempotency-key-reused"]);
    expect((await client.get("/v1/links/x")).body.remotePort).toBe(1);
  });

  it("goes with one query", async () => {
    const client = await startWorkedExample();
    const call = (query: string) => client.post(`/v1/rebalances${query}`, {}, keyed("k"));
    expect((await call("?timeoutSeconds=1")).status).toBe(201);
    expect((await call("?timeoutSeconds=2")).body.code).toBe("idempotency-key-reused");
  });

  it("is refused while its first call is running", async () => {
    const client = await startWorkedExample();
    const calls = await Promise.all(
      Array.from({ length: 5 }, () => client.post("/v1/rebalances", rebalance, keyed("k"))),
    );
    const statuses = calls.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([201, 409]));
    expect((await client.get("/v1/rebalances")).body.items).toHaveLength(1);
    const refused = calls.find(({ status }) => status === 409)!;
    expect(refused.body.code).toBe("idempotency-key-in-use");
  });

  it.each(["", " ", "é", "x".repeat(256)])("may not be '%s'", async (key) => {
    const client = await startWorkedExample();
    const { status, body } = await client.put("/v1/links/x", {}, keyed(key));
    expect([status, body.code]).toEqual([400, "invalid-idempotency-key"]);
  });

  it("is free again after a day", async () => {
    const clock = new ManualClock();
    const client = await startWorkedExample({}, clock);
    const call = () => client.put("/v1/links/x", {}, keyed("k"));
    expect((await call()).status).toBe(201);
    await clock.advance(24 * HOUR_MS - 1);
    expect((await call()).status).toBe(201);
    await clock.advance(1);
    expect((await call()).status).toBe(200);
  });
});

it("keeps no secret, and of a large answer where it can be read", async () => {
  const client = await startWorkedExample();
  const register = () => client.put("/v1/storage-servers/s-9", {}, keyed("k"));
  const [first, again] = [await register(), await register()];
  expect(first.body).toMatchObject({
    signingSecret: expect.any(String),
    token: expect.any(String),
  });
  expect([again.status, again.body.id]).toEqual([201, "s-9"]);
  expect(again.body).not.toHaveProperty("signingSecret");
  expect(again.body).not.toHaveProperty("token");

  const processes = Array.from({ length: 600 }, (_, i) => ({
    ...{ id: `p-${i}`, storageServerId: "s-1", rNodeId: `r-${i}`, cNodeId: `c-p-${i}` },
  }));
  await client.post("/v1/topology", { processes });
  const plan = () => client.post("/v1/rebalances", { dryRun: true }, keyed("k"));
  const planned = await plan();
  expect(planned.body.processes.length).toBeGreaterThan(600);
  expect((await plan()).body).toEqual({ reference: planned.headers.location });
});

it("works out what a whole map was, however it is read", async () => {
  const client = await startWorkedExample();
  const entries = Array.from({ length: 101 }, (_, lba) => {
    return { firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` };
  });
  const put = (body: object) =>
    client.put("/v1/a2c/vol-1", body, keyed("k", { "if-match": '"1.1"' }));
  const first = await put({ entries });
  expect(first.status).toBe(200);
  const again = await put({ entries });
  expect([again.status, again.revision, again.body]).toEqual([200, first.revision, first.body]);
  expect((await put({ entries: [...entries].reverse() })).body.code).toBe("idempotency-key-reused");
  const large = JSON.stringify({ entries }).padEnd(4 * 1024 * 1024);
  const gzipped = gzipSync(JSON.stringify({ entries }));
  for (const [key, payload, encoding] of [
    ["large", large, "identity"],
    ["gzipped", gzipped, "gzip"],
  ] as const) {
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(`${client.address}/v1/a2c/vol-1`, {
        method: "PUT",
        headers: {
          ...keyed(key, { "if-match": `"1.${first.revision}"` }),
          ...{ "content-type": "application/json", "content-encoding": encoding },
        },
        body: payload,
      });
      expect([answer.status, await answer.json()]).toEqual([200, first.body]);
    }
  }
});

describe("where an answer cannot be kept", () => {
  const answerOf = async (committed: boolean) => {
    const full = new StoreError("full", "the disk is full");
    const idempotency = new Idempotency({
      store: {
        idempotentCall: async () => undefined,
        keepAnswer: () => Promise.reject(full),
      },
      now: () => 0,
    });
    const request = {
      ...{ actor: "ops", method: "PUT", url: "/v1/links/l", committed },
      headers: { "idempotency-key": "k" },
      log: { error: () => {} },
    } as unknown as FastifyRequest;
    return idempotency.once(request, {
      bodySha256: async () => "",
      handle: async () => ({ status: 201 }),
      revision: () => 1,
    });
  };

  it("is answered all the same when it has taken a revision, which knows of the call", async () => {
    expect(await answerOf(true)).toEqual({ status: 201 });
  });

  it("fails when it has not, and may be sent again", async () => {
    await expect(answerOf(false)).rejects.toThrow("the disk is full");
  });
});
