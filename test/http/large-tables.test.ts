/** Tables that are too large to be read or written in one go. */
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Client, startService, workedExample } from "../support/service.ts";

const BLOCKS = 20_000;
/** One block each, so that the body is over a mebibyte and the map has as many ranges. */
const entries = Array.from({ length: BLOCKS }, (_, lba) => ({
  ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` },
}));

async function startWithVolume(): Promise<{ client: Client; etag: string }> {
  const client = await startService();
  const { processes, storageServers } = workedExample;
  await client.post("/v1/topology", { processes, storageServers });
  const { headers } = await client.put("/v1/volumes/v", { blockCount: BLOCKS });
  return { client, etag: String(headers.etag) };
}

describe("a map of many entries", () => {
  it("is taken in any order, and is what was sent", async () => {
    const { client, etag } = await startWithVolume();
    const match = { "if-match": etag };
    const shuffled = [...entries.slice(7_000), ...entries.slice(0, 7_000)].reverse();
    const put = await client.put("/v1/a2c/v", { entries: shuffled }, match);
    expect(put.body).toEqual({ revision: 3, volumeId: "v", entries: BLOCKS });
    const read = (await client.get("/v1/a2c")).body;
    expect(read.entries).toEqual(entries.map((entry) => ({ volumeId: "v", ...entry })));
    const again = await client.put("/v1/a2c/v", { entries }, { "if-match": '"1.3"' });
    expect([again.status, again.revision]).toEqual([200, 3]);
  });

  it("is refused as a small one is, with the place of what is wrong", async () => {
    const { client, etag } = await startWithVolume();
    const match = { "if-match": etag };
    const wrong = (place: number, entry: object) => ({
      entries: entries.with(place, entry as never),
    });
    const put = (body: unknown) => client.put("/v1/a2c/v", body, match);
    const cases: [unknown, number, string, string][] = [
      [
        wrong(9_000, { firstLba: null, lastLba: 9_000, cNodeId: "c-1" }),
        400,
        "invalid-request",
        "entries[9000].firstLba",
      ],
      [wrong(9_000, { ...entries[9_000], more: 1 }), 400, "invalid-request", "entries[9000].more"],
      [wrong(9_000, { ...entries[9_000], lastLba: 9_001 }), 422, "map-overlap", "entries[9001]"],
      [wrong(9_000, { ...entries[9_000], cNodeId: "c-9" }), 422, "unknown-c-node", "entries[9000]"],
      [JSON.stringify({ entries }).slice(0, -5), 400, "malformed-json", ""],
      [{ entries: [], more: entries }, 400, "invalid-request", "more"],
    ];
    for (const [body, status, code, path] of cases) {
      const refused = await put(body);
      expect([refused.status, refused.body.code]).toEqual([status, code]);
      expect(refused.body.errors[0].path).toBe(path);
    }
    expect((await client.get("/v1/cluster")).body.revision).toBe(2);
  });
});

describe("a table that is read", () => {
  it("is compressed where that is accepted, and the same", async () => {
    const { client, etag } = await startWithVolume();
    await client.put("/v1/a2c/v", { entries }, { "if-match": etag });
    for (const accept of ["application/json", "application/x-ndjson"]) {
      const read = (encoding: string) =>
        client.service.app.inject({
          method: "GET",
          url: "/v1/a2c",
          headers: { accept, "accept-encoding": encoding },
        });
      const plain = await read("identity");
      const packed = await read("deflate, gzip;q=0.5");
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(packed.headers["content-encoding"]).toBe("gzip");
      expect(packed.headers.vary).toContain("accept-encoding");
      expect(gunzipSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true);
      expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 5);
      expect((await read("gzip;q=0")).headers["content-encoding"]).toBeUndefined();
    }
  });

  it("ends with the client that goes away", async () => {
    const { client, etag } = await startWithVolume();
    await client.put("/v1/a2c/v", { entries }, { "if-match": etag });
    const ended = new AbortController();
    const answer = await fetch(`${client.address}/v1/a2c`, { signal: ended.signal });
    await answer.body!.getReader().read();
    ended.abort();
    expect((await client.get("/healthz")).status).toBe(200);
  });
});
