import { describe, expect, it } from "vitest";
import { startService, startWorkedExample, tableOf, workedExample } from "../support/service.ts";

describe("revisions and versions", () => {
  it("carries the head in every answer, also in refusals", async () => {
    const client = await startWorkedExample();
    expect((await client.get("/v1/cluster")).revision).toBe(1);
    expect((await client.get("/v1/processes/none")).revision).toBe(1);
    const write = await client.patch("/v1/processes/A", { weight: 2 });
    expect(write.revision).toBe(2);
    expect((await client.get("/v1/a2c")).body.revision).toBe(1);
  });

  it("knows its paths however they are written", async () => {
    const client = await startWorkedExample();
    for (const url of ["/%76%31/cluster", "/%76%31/nothing", "/v1/%zz"]) {
      const { headers, revision } = await client.get(url);
      expect([url, revision, headers["cache-control"]]).toEqual([url, 1, "no-store"]);
    }
    const emptyBody = { "content-type": "application/json" };
    expect((await client.delete("/v1/link-assignments/link-1", emptyBody)).status).toBe(204);
  });

  it("refuses what is no HTTP in the same form as everything else", async () => {
    const client = await startWorkedExample();
    const answers = await Promise.all([
      client.raw(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`),
      client.raw("GARBAGE\r\n\r\n"),
    ]);
    expect(answers[0]).toMatch(/^HTTP\/1\.1 431 /);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 400 /);
    for (const answer of answers) {
      expect(answer).toMatch(/\r\nRevision: 1\r\n/);
      expect(JSON.parse(answer.split("\r\n\r\n")[1]!).code).toBe("malformed-request");
    }
  });

  it("takes no revision for the same PUT twice", async () => {
    const client = await startService();
    const first = await client.put("/v1/storage-servers/s-1", { labels: { rack: "1" } });
    expect([first.status, first.revision]).toEqual([201, 1]);
    expect(first.body.signingSecret).toMatch(/^whsec_/);
    const second = await client.put("/v1/storage-servers/s-1", { labels: { rack: "1" } });
    expect([second.status, second.revision]).toEqual([200, 1]);
    expect(second.body).not.toHaveProperty("signingSecret");
    const read = (await client.get("/v1/storage-servers/s-1")).body;
    const sentBack = await client.put("/v1/storage-servers/s-1", read);
    expect([sentBack.status, sentBack.revision]).toEqual([200, 1]);
  });

  it("answers 304 to a table that has not changed", async () => {
    const client = await startWorkedExample();
    const { headers } = await client.get("/v1/a2c");
    const tag = String(headers.etag);
    expect(tag).toBe('"1.1"');
    const again = await client.get("/v1/a2c", { "if-none-match": tag });
    expect([again.status, again.body]).toEqual([304, ""]);
    await client.post("/v1/rebalances", {});
    const changed = await client.get("/v1/a2c", { "if-none-match": tag });
    expect([changed.status, changed.headers.etag]).toEqual([200, '"1.2"']);
  });

  it("takes any version of a map since it last changed", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/volumes/vol-2", { blockCount: 30 });
    const { entries } = workedExample.volumes[0]!;
    for (const tag of ['"1.1"', '"1.2"', "*"]) {
      const same = await client.put("/v1/a2c/vol-1", { entries }, { "if-match": tag });
      expect([tag, same.status]).toEqual([tag, 200]);
    }
    for (const tag of ['"1.0"', '"1.3"', '"2.1"', '"x"']) {
      const stale = await client.put("/v1/a2c/vol-1", { entries }, { "if-match": tag });
      expect([tag, stale.status, stale.body.code]).toEqual([tag, 412, "precondition-failed"]);
    }
    const missing = await client.put("/v1/a2c/vol-1", { entries });
    expect([missing.status, missing.body.code]).toEqual([428, "precondition-required"]);
    expect((await client.delete("/v1/volumes/vol-2")).status).toBe(428);
    expect((await client.delete("/v1/volumes/vol-2", { "if-match": '"1.2"' })).status).toBe(204);
  });

  it("keeps an edit from overwriting another", async () => {
    const client = await startWorkedExample();
    const tag = String((await client.get("/v1/processes/A")).headers.etag);
    const mine = await client.patch("/v1/processes/A", { weight: 2 }, { "if-match": tag });
    expect(mine.status).toBe(200);
    const theirs = await client.patch("/v1/processes/A", { weight: 3 }, { "if-match": tag });
    expect(theirs.status).toBe(412);
    const own = String(mine.headers.etag);
    expect((await client.patch("/v1/processes/A", { weight: 3 }, { "if-match": own })).status).toBe(
      200,
    );
    const absent = await client.put("/v1/links/new", {}, { "if-match": "*" });
    expect(absent.status).toBe(412);
  });
});

describe("lists", () => {
  it("pages in id order, without gaps or repeats", async () => {
    const client = await startService();
    const ids = ["b", "a", "C", "a.1", "Z", "10", "9"];
    for (const id of ids) await client.put(`/v1/links/${id}`, {});
    const seen: string[] = [];
    let url = "/v1/links?limit=2";
    for (let page = 0; page < 4; page++) {
      const { body } = await client.get(url);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      url = `/v1/links?limit=2&pageToken=${body.nextPageToken}`;
      expect(body.nextPageToken === undefined).toBe(page === 3);
    }
    expect(seen).toEqual([...ids].sort());
  });

  it("lists the revisions newest first", async () => {
    const client = await startService();
    for (const id of ["a", "b", "c"]) await client.put(`/v1/links/${id}`, {});
    const first = (await client.get("/v1/revisions?limit=2")).body;
    expect(first.items.map((item: { revision: number }) => item.revision)).toEqual([3, 2]);
    const rest = (await client.get(`/v1/revisions?limit=2&pageToken=${first.nextPageToken}`)).body;
    expect(rest.items).toMatchObject([{ revision: 1, kind: "register-link", actor: "local" }]);
    expect(rest.nextPageToken).toBeUndefined();
    expect((await client.get("/v1/revisions/4")).status).toBe(404);
  });

  it("answers empty lists and an empty cluster", async () => {
    const client = await startService();
    for (const list of [
      "storage-servers",
      "processes",
      "links",
      "volumes",
      "revisions",
      "rebalances",
    ]) {
      expect((await client.get(`/v1/${list}`)).body).toEqual({ items: [] });
    }
    const digest = `xor-sha256:${"0".repeat(64)}`;
    expect((await client.get("/v1/a2c")).body).toEqual({
      revision: 0,
      generation: 1,
      digest,
      entries: [],
    });
    expect((await client.get("/v1/cluster")).body).toMatchObject({
      generation: 1,
      revision: 0,
      settings: {},
      processCount: 0,
      imbalance: 1,
      storageServers: {},
    });
    const { status, body } = await client.post("/v1/rebalances");
    expect([status, body.explanations[0].code]).toEqual([200, "no-active-processes"]);
  });

  it("streams the table as lines", async () => {
    const client = await startWorkedExample();
    const { body, headers } = await client.get("/v1/a2c", { accept: "application/x-ndjson" });
    expect(headers["content-type"]).toBe("application/x-ndjson");
    const lines = String(body).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).cNodeId)).toEqual(["c-1", "c-2", "c-3"]);
    const own = await client.get("/v1/a2c?volumeId=vol-1&cNodeId=c-2");
    expect(own.body).toEqual({
      revision: 1,
      generation: 1,
      entries: [{ volumeId: "vol-1", firstLba: 33, lastLba: 66, cNodeId: "c-2" }],
    });
  });
});

it("registers a cluster twice and keeps what an operator has changed since", async () => {
  const client = await startService();
  const first = await client.post("/v1/topology", workedExample);
  expect(first.body).toMatchObject({
    revision: 1,
    created: { processes: 3, links: 2, volumes: 1, linkAssignments: 2 },
    changed: 0,
    unchanged: 0,
    kept: [],
  });
  expect(first.body.created.storageServers.map((server: { id: string }) => server.id)).toEqual([
    "s-1",
    "s-2",
    "s-3",
  ]);

  await client.patch("/v1/processes/A", { weight: 2.5 });
  await client.patch("/v1/processes/B", { state: "draining" });
  await client.delete("/v1/link-assignments/link-1");
  await client.delete("/v1/link-assignments/link-2");
  await client.put("/v1/link-assignments/link-1", { rNodeId: "r-c" });
  await client.post("/v1/rebalances", {});
  const table = await tableOf(client);
  const head = (await client.get("/v1/cluster")).body.revision;

  const second = await client.post("/v1/topology", workedExample);
  expect(second.body).toEqual({
    revision: head,
    created: { storageServers: [], processes: 0, links: 0, volumes: 0, linkAssignments: 0 },
    changed: 0,
    unchanged: 11,
    kept: [
      { linkId: "link-1", rNodeId: "r-c" },
      { linkId: "link-2", rNodeId: null },
    ],
  });
  expect(second.revision).toBe(head);
  expect((await client.get("/v1/processes/A")).body.weight).toBe(2.5);
  expect((await client.get("/v1/processes/B")).body).toMatchObject({
    state: "draining",
    addressCount: 0,
  });
  expect(await tableOf(client)).toEqual(table);
});

it("sets and clears the replication cost", async () => {
  const client = await startWorkedExample();
  const set = await client.patch("/v1/cluster", { settings: { replicationCost: 0.25 } });
  expect(set.body.settings).toEqual({ replicationCost: 0.25 });
  const planned = await client.post("/v1/rebalances", { dryRun: true });
  expect(planned.body.replicationCost).toEqual({ value: 0.25, source: "cluster" });
  const asked = await client.post("/v1/rebalances", { dryRun: true, replicationCost: 1 });
  expect(asked.body.replicationCost).toEqual({ value: 1, source: "request" });
  const cleared = await client.patch("/v1/cluster", { replicationCost: null });
  expect(cleared.body.settings).toEqual({});
});

it("assigns, moves, swaps and releases links", async () => {
  const client = await startWorkedExample();
  const moved = await client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" });
  expect([moved.status, moved.body.processId]).toEqual([200, "B"]);
  const tag = String((await client.get("/v1/link-assignments")).headers.etag);
  const swapped = await client.put(
    "/v1/link-assignments",
    {
      entries: [
        { linkId: "link-1", rNodeId: "r-c" },
        { linkId: "link-2", rNodeId: "r-b" },
      ],
    },
    { "if-match": tag },
  );
  expect(swapped.status).toBe(200);
  expect((await client.patch("/v1/links/link-1", { state: "down" })).body.rNodeId).toBeNull();
  expect((await client.delete("/v1/link-assignments/link-1")).status).toBe(404);
  const down = await client.put("/v1/link-assignments/link-1", { rNodeId: "r-a" });
  expect([down.status, down.body.code]).toEqual([409, "link-down"]);
  await client.patch("/v1/links/link-1", { state: "up" });
  const dry = await client.post("/v1/link-assignments/auto", { dryRun: true });
  expect((await client.get("/v1/links/link-1")).body.rNodeId).toBeNull();
  const auto = await client.post("/v1/link-assignments/auto");
  expect(auto.body.entries).toEqual(dry.body.entries);
  expect(auto.body.entries).toMatchObject([{ linkId: "link-1", rNodeId: "r-a" }]);
});

it("renews secrets, which are shown once and kept out of history", async () => {
  const client = await startWorkedExample();
  const { status, body } = await client.post("/v1/storage-servers/s-1/rotate-secret");
  expect([status, Object.keys(body)]).toEqual([200, ["signingSecret"]]);
  const token = (await client.post("/v1/storage-servers/s-1/rotate-token")).body.token;
  const answers = await Promise.all(
    ["revisions/1", "revisions/2", "revisions/3", "storage-servers", "revisions"].map((url) =>
      client.get(`/v1/${url}`),
    ),
  );
  const text = JSON.stringify(answers);
  for (const secret of [body.signingSecret, token, "whsec_", 'sha256":']) {
    expect(text).not.toContain(secret);
  }
});
