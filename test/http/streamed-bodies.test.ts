/** Bodies that are read as they come, and bodies that come compressed, over real connections. */
import { once } from "node:events";
import { Agent } from "node:http";
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { open } from "../support/open-call.ts";
import { type Client, startService, tableOf, workedExample } from "../support/service.ts";

const MIB = 1024 * 1024;
const BLOCKS = 12_000;
const entries = Array.from({ length: BLOCKS }, (_, lba) => ({
  ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` },
}));
const large = Buffer.from(JSON.stringify({ entries }));
const small = (owner: string) =>
  Buffer.from(JSON.stringify({ entries: [{ firstLba: 0, lastLba: 100, cNodeId: owner }] }));

async function startWithVolumes(): Promise<Client> {
  const client = await startService();
  const { status } = await client.post("/v1/topology", {
    ...workedExample,
    volumes: [...workedExample.volumes, { id: "big", blockCount: BLOCKS }],
  });
  expect(status).toBe(200);
  return client;
}

function send(client: Client, path: string, body: Buffer, headers?: Record<string, string>) {
  const { call, answer } = open(client, path, headers);
  call.end(body);
  return answer;
}

describe("a map that is read as it comes", () => {
  it("holds up nobody while it comes slowly", async () => {
    const client = await startWithVolumes();
    const slow = open(client, "/v1/a2c/big");
    slow.call.write(large.subarray(0, 400 * 1024));
    const whole = await send(client, "/v1/a2c/big", large);
    expect(whole).toMatchObject({ status: 200, body: { revision: 2, entries: BLOCKS } });
    slow.call.end(large.subarray(400 * 1024));
    expect(await slow.answer).toMatchObject({ status: 200, body: { revision: 2 } });
  });

  it("is given up with the client that goes away", async () => {
    const client = await startWithVolumes();
    const gone = open(client, "/v1/a2c/big");
    gone.call.write(large.subarray(0, 400 * 1024), () => gone.call.destroy());
    await expect(gone.answer).rejects.toThrow("socket hang up");
    expect(await send(client, "/v1/a2c/big", large)).toMatchObject({ status: 200 });
    await client.service.close();
  });

  it("leaves the connection to the next call after a refusal", async () => {
    const client = await startWithVolumes();
    const wrong = Buffer.concat([large.subarray(0, 300 * 1024), Buffer.from("!"), large]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const refused = open(client, "/v1/a2c/big", {}, { agent });
    refused.call.end(wrong);
    expect(await refused.answer).toMatchObject({ status: 400, body: { code: "malformed-json" } });
    const next = open(client, "/v1/a2c/big", {}, { agent });
    next.call.end(large);
    expect(await next.answer).toMatchObject({ status: 200 });
    expect(next.call.reusedSocket).toBe(true);
  });

  it("is refused beyond the limit, announced or not", async () => {
    const client = await startWithVolumes();
    const announced = open(client, "/v1/a2c/big", { "content-length": 128 * MIB + 1 });
    announced.call.flushHeaders();
    expect(await announced.answer).toMatchObject({ status: 413, body: { code: "body-too-large" } });
    announced.call.destroy();

    const piece = Buffer.alloc(MIB, ",");
    const endless = open(client, "/v1/a2c/big");
    endless.call.write('{"entries":[');
    for (let sent = 0; sent < 128; sent++) {
      if (!endless.call.write(piece)) await once(endless.call, "drain");
    }
    expect(await endless.answer).toMatchObject({ status: 413, headers: { connection: "close" } });
    endless.call.destroy();
    expect(await tableOf(client)).toHaveLength(6);
  });

  it("asks for the version as before, once the body is read", async () => {
    const client = await startWithVolumes();
    const put = (body: unknown) => client.put("/v1/a2c/vol-1", body);
    expect((await put(small("c-2").toString())).status).toBe(428);
    expect((await put("[")).body.code).toBe("malformed-json");
    expect((await client.call("PUT", "/v1/a2c/vol-1")).body.code).toBe("invalid-request");
  });
});

describe("a compressed body", () => {
  it("is the same as the body itself", async () => {
    const client = await startWithVolumes();
    for (const [coding, revision] of [
      ["gzip", 2],
      ["X-GZIP", 2],
    ] as const) {
      const put = await send(client, "/v1/a2c/big", gzipSync(large), {
        "content-encoding": coding,
      });
      expect(put).toMatchObject({ status: 200, body: { revision, entries: BLOCKS } });
    }
    const link = gzipSync(JSON.stringify({ labels: { rack: "r1" } }));
    const put = await send(client, "/v1/links/new", link, {
      "content-encoding": "gzip",
    });
    expect(put).toMatchObject({ status: 201, body: { labels: { rack: "r1" } } });
  });

  it("is bounded by what it becomes, and by what it is", async () => {
    const client = await startWithVolumes();
    const gzip = { "content-encoding": "gzip" };
    const bomb = gzipSync(
      Buffer.concat([Buffer.from('{"entries":['), Buffer.alloc(129 * MIB, ",")]),
    );
    const tooLarge = { status: 413, body: { code: "body-too-large" } };
    expect(await send(client, "/v1/a2c/big", bomb, gzip)).toMatchObject(tooLarge);
    const blanks = gzipSync(Buffer.alloc(65 * 1024, " "));
    expect(await send(client, "/v1/links/new", blanks, gzip)).toMatchObject(tooLarge);
    const nothing = Buffer.concat(Array(3_000).fill(gzipSync("")));
    const { call, answer } = open(client, "/v1/links/new", gzip);
    call.write(nothing, () => call.write(nothing));
    expect(await answer).toMatchObject(tooLarge);
    call.destroy();
  });

  it("is refused where it is broken off, damaged, or of another coding", async () => {
    const client = await startWithVolumes();
    for (const path of ["/v1/a2c/big", "/v1/links/new"]) {
      const put = (body: Buffer, coding: string) =>
        send(client, path, body, { "content-encoding": coding });
      const broken = { status: 400, body: { code: "malformed-gzip" } };
      expect(await put(gzipSync(small("c-2")).subarray(0, -9), "gzip")).toMatchObject(broken);
      expect(await put(small("c-2"), "gzip")).toMatchObject(broken);
      expect(await put(deflateSync(small("c-2")), "deflate")).toMatchObject({
        status: 415,
        headers: { "accept-encoding": "gzip" },
        body: { code: "unsupported-encoding" },
      });
      expect(await put(gzipSync(gzipSync(small("c-2"))), "gzip, gzip")).toMatchObject({
        status: 415,
      });
    }
    expect((await client.get("/v1/cluster", { "content-encoding": "br" })).status).toBe(200);
  });
});
