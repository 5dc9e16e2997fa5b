/** What storage servers ask and say themselves, and what an operator does about them. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  type Client,
  startService,
  startWorkedExample,
  workedExample,
} from "../support/service.ts";

const NOTHING = `xor-sha256:${"0".repeat(64)}`;
const server = (id: string, call = "") => `/v1/storage-servers/${id}${call}`;

async function positionOf(client: Client) {
  const { generation, revision, digest } = (await client.get("/v1/a2c")).body;
  return { generation, revision, digest };
}

/** All three servers have acknowledged the head. */
async function startAcknowledged(): Promise<Client> {
  const client = await startWorkedExample();
  const position = await positionOf(client);
  for (const { id } of workedExample.storageServers) {
    expect((await client.post(server(id, "/report"), position)).status).toBe(200);
  }
  return client;
}

describe("a report", () => {
  it("acknowledges what the server has, and answers where the service is", async () => {
    const client = await startWorkedExample();
    const position = await positionOf(client);
    const behind = await client.post(server("s-1", "/report"), {
      ...{ generation: 0, revision: 0, digest: NOTHING },
    });
    const { generation, revision } = position;
    expect(behind.body).toEqual({
      generation,
      revision,
      settledRevision: revision,
      upToDate: false,
    });
    const current = await client.post(server("s-1", "/report"), position);
    expect(current.body.upToDate).toBe(true);
    const { body } = await client.get(server("s-1"));
    expect(body.delivery).toMatchObject({ state: "current", ackedRevision: revision, lag: 0 });
    expect(body.lastSeenAt).toBeTypeOf("string");
  });

  it("beats what the service remembers, also where it is lower or of other content", async () => {
    const client = await startAcknowledged();
    const position = await positionOf(client);
    await client.post(server("s-1", "/report"), { ...position, revision: 0, digest: NOTHING });
    expect((await client.get(server("s-1"))).body.delivery).toMatchObject({
      ...{ state: "behind", ackedRevision: 0, lag: position.revision },
    });
    const other = await client.post(server("s-1", "/report"), { ...position, digest: NOTHING });
    expect(other.body.upToDate).toBe(false);
    expect((await client.get(server("s-1"))).body.delivery).toMatchObject({
      state: "behind",
      lastError: expect.stringMatching(/^holds other content at revision/),
    });
  });

  it("of a link that is down releases it in a new revision, once", async () => {
    const client = await startAcknowledged();
    const position = await positionOf(client);
    const report = {
      ...position,
      links: [
        { linkId: "link-1", state: "down" },
        { linkId: "link-2", state: "up" },
      ],
    };
    const before = (await client.get("/v1/cluster")).body.revision;
    const answer = await client.post(server("s-1", "/report"), report);
    expect(answer.body).toMatchObject({ revision: before + 1, upToDate: false });
    expect((await client.get("/v1/links/link-1")).body).toMatchObject({
      ...{ state: "down", rNodeId: null },
    });
    const { body } = await client.get(`/v1/revisions/${before + 1}`);
    expect(body).toMatchObject({
      kind: "report-links-down",
      reason: "reported down by storage server s-1",
    });
    await client.post(server("s-1", "/report"), report);
    expect((await client.get("/v1/cluster")).body.revision).toBe(before + 1);
  });

  it("says nothing of a link that is another server's", async () => {
    const client = await startAcknowledged();
    const before = (await client.get("/v1/cluster")).body.revision;
    const links = [{ linkId: "link-1", state: "down" }];
    const answer = await client.post(server("s-2", "/report"), {
      ...(await positionOf(client)),
      links,
    });
    expect(answer.status).toBe(200);
    expect((await client.get("/v1/cluster")).body.revision).toBe(before);
  });

  it("keeps the measured load of the server's own processes", async () => {
    const client = await startAcknowledged();
    const processes = [{ processId: "A", cNodeLoad: 120.5, rNodeLoad: 48 }];
    const position = await positionOf(client);
    await client.post(server("s-1", "/report"), { ...position, processes });
    expect((await client.get("/v1/processes/A")).body.measuredLoad).toEqual({
      ...{ cNodeLoad: 120.5, rNodeLoad: 48, at: expect.any(String) },
    });
    expect((await client.get("/v1/processes/B")).body.measuredLoad).toBeUndefined();
    const foreign = await client.post(server("s-2", "/report"), { ...position, processes });
    expect([foreign.status, foreign.body.errors[0].path]).toEqual([422, "processes[0].processId"]);
  });

  it("of what does not exist is refused, and changes nothing", async () => {
    const client = await startAcknowledged();
    const position = await positionOf(client);
    const links = [{ linkId: "link-9", state: "down" }];
    const unknown = await client.post(server("s-1", "/report"), { ...position, links });
    expect([unknown.status, unknown.body.errors[0].path]).toEqual([422, "links[0].linkId"]);
    expect((await client.post(server("s-9", "/report"), position)).status).toBe(404);
    for (const bad of [{}, { ...position, digest: "x" }, { ...position, revision: -1 }]) {
      expect((await client.post(server("s-1", "/report"), bad)).status).toBe(400);
    }
  });
});

describe("a pull", () => {
  const updates = (generation: number, after: number, more = "") =>
    server("s-1", `/updates?generation=${generation}&after=${after}${more}`);

  it("is answered as a push would be: the way from where the server says it is", async () => {
    const client = await startAcknowledged();
    const { generation, revision } = await positionOf(client);
    expect((await client.get(updates(0, 0))).body).toMatchObject({ kind: "snapshot", revision });
    expect((await client.get(updates(generation, revision + 5))).body.kind).toBe("snapshot");
    expect((await client.get(updates(generation + 1, revision))).body.kind).toBe("snapshot");
    expect((await client.get(updates(generation, revision))).status).toBe(204);
    await client.post("/v1/rebalances", { strategy: "proportional" });
    expect((await client.get(updates(generation, revision))).body).toMatchObject({
      ...{ kind: "delta", fromRevision: revision, revision: revision + 1 },
      a2c: [
        { volumeId: "vol-1", firstLba: 0, lastLba: 21, cNodeId: "c-1" },
        { volumeId: "vol-1", firstLba: 22, lastLba: 77, cNodeId: "c-2" },
        { volumeId: "vol-1", firstLba: 78, lastLba: 100, cNodeId: "c-3" },
      ],
    });
    expect((await client.get(server("s-1"))).body.delivery.ackedRevision).toBe(revision);
  });

  it("waits for what is new", async () => {
    const client = await startAcknowledged();
    const { generation, revision } = await positionOf(client);
    const waiting = client.callOverSocket("GET", updates(generation, revision, "&waitSeconds=60"));
    await client.put("/v1/volumes/vol-2", { blockCount: 3 });
    expect((await waiting).body).toMatchObject({ kind: "delta", revision: revision + 1 });
  });

  it("wakes a thousand that wait", async () => {
    const client = await startAcknowledged();
    const { generation, revision } = await positionOf(client);
    const url = updates(generation, revision, "&waitSeconds=60");
    const waiting = Array.from({ length: 1000 }, () => client.callOverSocket("GET", url));
    await client.put("/v1/volumes/vol-2", { blockCount: 3 });
    const bodies = new Set((await Promise.all(waiting)).map(({ body }) => JSON.stringify(body)));
    expect([...bodies].map((body) => JSON.parse(body).revision)).toEqual([revision + 1]);
  });

  it("that would have to wait is refused where too many do, until one goes", async () => {
    const client = await startWorkedExample({}, undefined, { waitingPullsMax: 1 });
    const { generation, revision } = await positionOf(client);
    const url = updates(generation, revision, "&waitSeconds=60");
    const leaving = new AbortController();
    const first = fetch(`${client.address}${url}`, { signal: leaving.signal });
    const seenAt = async () => (await client.callOverSocket("GET", server("s-1"))).body.lastSeenAt;
    while ((await seenAt()) === undefined);
    const refused = await client.callOverSocket("GET", url);
    expect([refused.body.code, refused.headers["retry-after"]]).toEqual(["too-many-pulls", "5"]);
    expect((await client.get(updates(generation, revision))).status).toBe(204);
    leaving.abort();
    await expect(first).rejects.toThrow("aborted");
    while ((await client.callOverSocket("GET", url.replace("=60", "=1"))).status !== 204);
  });

  it("tells what is settled to who asks for it", async () => {
    const client = await startAcknowledged();
    const { generation } = await positionOf(client);
    await client.post("/v1/rebalances", { strategy: "proportional" });
    const { revision } = await positionOf(client);
    const asked = updates(generation, revision, `&settledRevision=${revision - 1}`);
    expect((await client.get(asked)).status).toBe(204);
    const position = await positionOf(client);
    // c-1 and c-3 have lost addresses.
    await client.post(server("s-1", "/report"), position);
    expect((await client.get(asked)).status).toBe(204);
    await client.post(server("s-3", "/report"), position);
    expect((await client.get(asked)).body).toMatchObject({
      ...{ kind: "settled", revision, settledRevision: revision },
    });
  });

  it("is refused with bad figures, and for a server that is not registered", async () => {
    const client = await startAcknowledged();
    for (const query of ["", "?generation=1", "?generation=1&after=x", "?generation=1&after=-1"]) {
      expect((await client.get(server("s-1", `/updates${query}`))).status).toBe(400);
    }
    expect((await client.get(updates(1, 1, "&waitSeconds=61"))).status).toBe(400);
    expect((await client.get(server("s-9", "/updates?generation=0&after=0"))).status).toBe(404);
  });
});

describe("a snapshot", () => {
  it("is the message that its reference names, compressed where that is accepted", async () => {
    const client = await startService();
    const { processes, storageServers } = workedExample;
    await client.post("/v1/topology", { processes, storageServers });
    const entries = Array.from({ length: 20_000 }, (_, lba) => ({
      ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` },
    }));
    await client.put("/v1/volumes/vol-1", { blockCount: 20_000, entries });
    const { body } = await client.get(server("s-1", "/updates?generation=0&after=0"));
    const position = await positionOf(client);
    expect(body).toMatchObject({ kind: "snapshot-ref", ...position });
    expect(body.url).toBe(
      `${client.address}/v1/snapshots/${position.generation}/${position.revision}`,
    );
    const answer = await fetch(body.url, { headers: { "accept-encoding": "identity" } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(bytes.length).toBe(body.bytes);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(body.sha256);
    expect(JSON.parse(bytes.toString())).toMatchObject({ kind: "snapshot", ...position });
    const packed = await client.service.app.inject({
      method: "GET",
      url: new URL(body.url).pathname,
      headers: { "accept-encoding": "gzip" },
    });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.rawPayload).equals(bytes)).toBe(true);
  });

  it("is read by so many at once, and the others are asked to come again", async () => {
    const client = await startWorkedExample({}, undefined, { snapshotReadsMax: 2 });
    const { generation, revision } = await positionOf(client);
    const read = () => client.callOverSocket("GET", `/v1/snapshots/${generation}/${revision}`);
    // Until it is built, all who ask for it are readers at once.
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => client.get(`/v1/snapshots/${generation}/${revision}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
    const refused = answers.find(({ status }) => status === 503)!;
    expect(refused.body.code).toBe("too-many-snapshot-reads");
    expect(refused.headers["retry-after"]).toBe("2");
    for (let i = 0; i < 5; i++) expect((await read()).body).toMatchObject({ kind: "snapshot" });
  });

  it("that is gone, or never was, says so", async () => {
    const client = await startAcknowledged();
    const { generation, revision } = await positionOf(client);
    const at = (g: number, r: number) => client.get(`/v1/snapshots/${g}/${r}`);
    expect((await at(generation, revision)).body).toMatchObject({ kind: "snapshot", revision });
    expect((await at(generation, revision + 1)).status).toBe(404);
    await client.put("/v1/volumes/vol-2", { blockCount: 3 });
    await client.put("/v1/volumes/vol-3", { blockCount: 3 });
    await client.put("/v1/volumes/vol-4", { blockCount: 3 });
    const past = await at(generation, 0);
    expect([past.status, past.body.code]).toEqual([410, "snapshot-replaced"]);
  });
});

describe("a storage server that may still serve what it has lost", () => {
  it("cannot be deleted before it has acknowledged, or is fenced", async () => {
    const client = await startAcknowledged();
    await client.patch("/v1/processes/A", { state: "draining" });
    await client.delete("/v1/link-assignments/link-1");
    expect((await client.post("/v1/rebalances", {})).body.state).toBe("applied");
    const position = await positionOf(client);
    const lost = position.revision;
    for (const id of ["s-2", "s-3"]) await client.post(server(id, "/report"), position);
    expect((await client.delete("/v1/processes/A")).status).toBe(204);
    const refused = await client.delete(server("s-1"));
    expect([refused.status, refused.body.code]).toEqual([409, "storage-server-unsettled"]);
    expect((await client.get(server("s-1"))).body.delivery.unsettledRevision).toBe(lost);
    expect((await client.get("/v1/cluster")).body.settledRevision).toBe(lost - 1);

    const fenced = await client.post(server("s-1", "/fence"));
    expect([fenced.status, fenced.body.fenced]).toEqual([200, true]);
    expect(fenced.body.delivery.ackedRevision).toBeUndefined();
    expect((await client.get("/v1/cluster")).body.settledRevision).toBeGreaterThanOrEqual(lost);
    expect((await client.get(`/v1/revisions/${fenced.revision}`)).body.kind).toBe(
      "fence-storage-server",
    );
    expect((await client.delete(server("s-1"))).status).toBe(204);
  });

  it("can be deleted once it has acknowledged", async () => {
    const client = await startAcknowledged();
    await client.patch("/v1/processes/A", { state: "draining" });
    await client.delete("/v1/link-assignments/link-1");
    await client.post("/v1/rebalances", {});
    await client.delete("/v1/processes/A");
    await client.post(server("s-1", "/report"), await positionOf(client));
    expect((await client.delete(server("s-1"))).status).toBe(204);
  });
});

describe("a new generation", () => {
  it("is higher than any before, and everybody is behind", async () => {
    const client = await startAcknowledged();
    const before = await positionOf(client);
    const { body, status } = await client.post("/v1/generation", { reason: "restored" });
    expect(status).toBe(200);
    expect(body.generation).toBeGreaterThan(1_700_000_000);
    const again = await client.post("/v1/generation");
    expect(again.body.generation).toBeGreaterThan(body.generation);
    expect(await positionOf(client)).toEqual({ ...before, generation: again.body.generation });
    expect((await client.get("/v1/cluster")).body.storageServers).toEqual({ behind: 3 });
    const stale = await client.put(
      "/v1/processes/A",
      { ...workedExample.processes[0], id: undefined },
      { "if-match": `"${before.generation}.1"` },
    );
    expect(stale.status).toBe(412);
  });
});

it("a retry asks for a server that is registered", async () => {
  const client = await startAcknowledged();
  expect((await client.post(server("s-1", "/retry"))).status).toBe(200);
  expect((await client.post(server("s-9", "/retry"))).status).toBe(404);
});
