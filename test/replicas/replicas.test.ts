/** Several services on one database, each with a memory of its own. */
import { describe, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../push/manual-clock.ts";
import { startProxy } from "../store/postgres-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { newSchema, POSTGRES_URL } from "../support/postgres.ts";
import { listen } from "../support/receiver.ts";
import { type Client, startService, workedExample } from "../support/service.ts";

/** Two of them; the first one distributes. */
async function two(): Promise<[Client, Client]> {
  const { url: DATABASE_URL, remove } = await newSchema();
  onTestFinished(remove);
  return [await startService({ DATABASE_URL }), await startService({ DATABASE_URL })];
}

const from = (revision: number) => ({ "min-revision": String(revision) });

describe.skipIf(!POSTGRES_URL)("several replicas", () => {
  it("show what another one has acknowledged to whoever asks from that revision on", async () => {
    const [one, other] = await two();
    const { revision } = await one.post("/v1/topology", workedExample);
    const seen = await other.get("/v1/a2c", from(revision));
    expect(seen.body).toEqual((await one.get("/v1/a2c")).body);
    const back = await other.put("/v1/links/link-9", {}, from(revision));
    expect([back.status, back.revision]).toEqual([201, revision + 1]);
    expect((await one.get("/v1/links/link-9", from(back.revision))).status).toBe(200);
  });

  it("take each revision once, and refuse what another one has made stale", async () => {
    const replicas = await two();
    const written = replicas.flatMap((replica, r) =>
      Array.from({ length: 20 }, (_, i) => replica.put(`/v1/links/link-${r}-${i}`, {})),
    );
    const revisions = (await Promise.all(written)).map(({ revision }) => revision);
    expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const [one, other] = replicas;
    const etag = String((await one.get("/v1/links/link-0-0", from(40))).headers.etag);
    const match = { "if-match": etag };
    const changes = replicas.map((replica, r) =>
      replica.patch("/v1/links/link-0-0", { remotePort: 3000 + r }, match),
    );
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412]);
    expect((await other.get("/v1/links/link-0-0", from(41))).headers.etag).toBe('"1.41"');
  });

  it("carry a call out once, whichever is asked and how often", async () => {
    const replicas = await two();
    await replicas[0].post("/v1/topology", workedExample);
    const key = { "idempotency-key": "once" };
    const order = { strategy: "proportional" };
    const answers = await Promise.all(
      [0, 1, 0, 1].map((r) => replicas[r]!.post("/v1/rebalances", order, { ...key, ...from(1) })),
    );
    const done = answers.filter(({ status }) => status !== 409);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map(({ revision }) => revision))).toEqual(new Set([2]));
    expect((await replicas[1].get("/v1/cluster", from(2))).revision).toBe(2);
  });

  it("tell the same of the storage servers, whichever hears of them", async () => {
    const [one, other] = await two();
    const { revision } = await one.post("/v1/topology", workedExample);
    const { body: tables } = await other.get("/v1/a2c", from(revision));
    const { generation, digest } = tables;
    for (const [i, replica] of [other, one, other].entries()) {
      const position = { generation, revision: tables.revision, digest };
      const report = await replica.post(`/v1/storage-servers/s-${i + 1}/report`, position);
      expect(report.body).toMatchObject({ revision: tables.revision, upToDate: true });
    }
    for (const replica of [one, other]) {
      const { body } = await eventually(
        () => replica.get(`/v1/revisions/${tables.revision}/delivery`),
        ({ body: { acked } }) => acked === 3,
      );
      expect(body).toMatchObject({ servers: 3, behind: [], convergedAt: expect.any(String) });
      expect((await replica.get("/v1/cluster")).body).toMatchObject({
        storageServers: { current: 3 },
        settledRevision: tables.revision,
      });
    }
  });
});

describe.skipIf(!POSTGRES_URL)("the distribution", () => {
  it("goes on where another one takes it over, and sends nobody what it has", async () => {
    const [one, other] = await two();
    const { body } = await one.put("/v1/storage-servers/s-1", {});
    const server = await listen("s-1", body.signingSecret);
    onTestFinished(() => server.close());
    const { revision } = await other.put("/v1/storage-servers/s-1", { callbackUrl: server.url });
    const acked = (replica: Client, wanted: number) =>
      eventually(
        () => replica.get("/v1/storage-servers/s-1", from(revision)),
        ({ body: { delivery } }) =>
          delivery.state === "current" && delivery.ackedRevision === wanted,
      );
    await acked(other, 0);
    await one.service.close();
    const node = { storageServerId: "s-1", rNodeId: "r-1", cNodeId: "c-1" };
    const written = await other.put("/v1/processes/p-1", node);
    await acked(other, written.revision);
    const tables = server.receiver.log.filter(({ kind }) => kind !== "settled");
    expect(tables.map((update) => update.revision)).toEqual([0, written.revision]);
    expect(server.refusals).toEqual([]);
  });

  it("is waited for at whichever replica", async () => {
    const replicas = await two();
    const { body } = await replicas[0].put("/v1/storage-servers/s-1", {});
    const server = await listen("s-1", body.signingSecret);
    onTestFinished(() => server.close());
    await replicas[0].post("/v1/topology", {
      storageServers: [{ id: "s-1", callbackUrl: server.url }],
      processes: [
        { id: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" },
        { id: "B", storageServerId: "s-1", rNodeId: "r-b", cNodeId: "c-2" },
      ],
      links: [{ id: "link-1" }],
      volumes: [{ id: "vol-1", blockCount: 100 }],
      linkAssignments: [{ linkId: "link-1", rNodeId: "r-a" }],
    });
    const moved = await replicas[1].callOverSocket(
      "POST",
      "/v1/rebalances?wait=converged&timeoutSeconds=20",
      {},
    );
    expect([moved.status, moved.body.state]).toEqual([201, "applied"]);
    expect(server.receiver.revision).toBe(moved.body.revision);
  });
});

describe.skipIf(!POSTGRES_URL)("without the database", () => {
  it("reads go on and say how old they are, writes get 503, and all resumes by itself", async () => {
    const { url, remove } = await newSchema();
    onTestFinished(remove);
    const proxy = await startProxy(url);
    const clock = new ManualClock();
    const client = await startService({ DATABASE_URL: proxy.url }, clock);
    await client.post("/v1/topology", workedExample);
    expect((await client.get("/v1/a2c")).headers["revision-age"]).toBeUndefined();
    proxy.shut();
    await clock.advance(7_000);
    const read = await client.get("/v1/a2c");
    expect([read.status, read.revision]).toEqual([200, 1]);
    expect(Number(read.headers["revision-age"])).toBeGreaterThanOrEqual(6);
    const ready = await client.get("/readyz");
    expect(ready).toMatchObject({ status: 200, body: { status: "ready", revision: 1 } });
    expect(ready.body.revisionAgeSeconds).toBeGreaterThanOrEqual(6);
    expect((await client.get("/v1/cluster")).body).toMatchObject({ processCount: 3 });
    const refused = await client.put("/v1/links/link-9", {});
    expect([refused.status, refused.body.code]).toEqual([503, "store-unavailable"]);
    proxy.open();
    expect((await client.put("/v1/links/link-9", {})).status).toBe(201);
    const back = await eventually(
      async () => {
        await clock.advance(250);
        return client.get("/v1/a2c");
      },
      ({ headers }) => headers["revision-age"] === undefined,
    );
    expect(back.revision).toBe(2);
  });
});
