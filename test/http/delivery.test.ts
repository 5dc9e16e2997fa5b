import { expect, it, onTestFinished } from "vitest";
import { type ListeningReceiver, listen } from "../support/receiver.ts";
import { type Client, startService, workedExample } from "../support/service.ts";

const IDS = ["s-1", "s-2", "s-3"];

/** The worked example on three real receivers, each at the head. */
async function startWithReceivers(): Promise<{ client: Client; receivers: ListeningReceiver[] }> {
  const client = await startService();
  const receivers = await Promise.all(
    IDS.map(async (id) => {
      const { body } = await client.put(`/v1/storage-servers/${id}`, {});
      const receiver = await listen(id, body.signingSecret);
      onTestFinished(() => receiver.close());
      await client.put(`/v1/storage-servers/${id}`, { callbackUrl: receiver.url });
      return receiver;
    }),
  );
  const { processes, links, volumes, linkAssignments } = workedExample;
  await client.post("/v1/topology", { processes, links, volumes, linkAssignments });
  return { client, receivers };
}

it("answers when every storage server has acknowledged, and shows it everywhere", async () => {
  const { client, receivers } = await startWithReceivers();
  const applied = await client.callOverSocket("POST", "/v1/rebalances?wait=converged", {
    strategy: "proportional",
  });
  expect(applied.status).toBe(201);
  const table = (await client.get("/v1/a2c")).body;
  for (const { receiver, refusals } of receivers) {
    expect([receiver.generation, receiver.revision, receiver.digest]).toEqual([
      table.generation,
      table.revision,
      table.digest,
    ]);
    expect(refusals).toEqual([]);
  }
  const progress = { revision: applied.body.revision, servers: 3, acked: 3, behind: [] };
  const delivery = (await client.get(`/v1/rebalances/${applied.body.id}/delivery`)).body;
  expect(delivery).toEqual({ ...progress, convergedAt: expect.any(String) });
  expect((await client.get(`/v1/revisions/${applied.body.revision}`)).body.convergedAt).toBe(
    delivery.convergedAt,
  );
  expect((await client.get("/v1/cluster")).body.storageServers).toEqual({ current: 3 });
  expect((await client.get("/v1/storage-servers/s-2")).body.delivery).toMatchObject({
    state: "current",
    headRevision: table.revision,
    ackedRevision: table.revision,
    lag: 0,
    consecutiveFailures: 0,
  });
});

it("tells how long revisions took, and what is on its way", async () => {
  const { client, receivers } = await startWithReceivers();
  const convergence = async () => (await client.get("/v1/cluster")).body.convergence;
  const converged = () => client.callOverSocket("POST", "/v1/rebalances?wait=converged", body);
  const body = { strategy: "proportional", force: true };
  expect((await converged()).status).toBe(201);
  const before = await convergence();
  const items: { revision: number; at: string; convergedAt?: string }[] = (
    await client.get("/v1/revisions")
  ).body.items;
  const durations = items
    .flatMap((it) => (it.convergedAt ? Date.parse(it.convergedAt) - Date.parse(it.at) : []))
    .sort((one, other) => one - other);
  expect(before).toEqual({
    revisions: durations.length,
    p50Ms: durations[Math.ceil(durations.length / 2) - 1],
    p99Ms: durations.at(-1),
    pending: 0,
  });
  expect(durations.length).toBeGreaterThan(0);
  receivers[2]!.intercept = () => "hang";
  const { body: late } = await client.post("/v1/rebalances", body);
  expect(await convergence()).toEqual({ ...before, pending: 1, pendingSince: late.appliedAt });
});

it("says of each state since when, what went wrong, what comes next, and how far", async () => {
  const { client, receivers } = await startWithReceivers();
  await client.callOverSocket("POST", "/v1/rebalances?wait=converged", {});
  const head = (await client.get("/v1/a2c")).body;
  const [gone, parked, failing] = receivers as [
    ListeningReceiver,
    ListeningReceiver,
    ListeningReceiver,
  ];
  gone.intercept = () => ({ status: 410 });
  parked.intercept = () => ({ status: 422, body: { status: "rejected", detail: "too large" } });
  failing.intercept = () => ({ status: 503, headers: { "retry-after": "3600" } });
  await client.put("/v1/storage-servers/s-4", {});
  const { generation, revision, digest } = head;
  const report = { generation, revision: revision + 9, digest };
  await client.post("/v1/storage-servers/s-4/report", report);
  await client.put("/v1/volumes/vol-2", { blockCount: 3 });
  const deliveryOf = async (id: string) =>
    (await client.callOverSocket("GET", `/v1/storage-servers/${id}`)).body.delivery;
  while ((await deliveryOf("s-1")).state !== "gone");
  while ((await deliveryOf("s-2")).state !== "parked");
  while ((await deliveryOf("s-3")).consecutiveFailures === 0);
  const headRevision = (await client.get("/v1/a2c")).body.revision;
  const told = { since: expect.any(String), headRevision };
  const lag = headRevision - revision;
  const tried = { ...told, ackedRevision: revision, lag, lastAttemptAt: expect.any(String) };
  expect(await deliveryOf("s-1")).toMatchObject({
    ...{ ...tried, state: "gone", lastError: "the storage server is gone for good" },
  });
  expect(await deliveryOf("s-2")).toMatchObject({
    ...{ ...tried, state: "parked", lastError: "refused: too large" },
  });
  expect(await deliveryOf("s-3")).toMatchObject({
    ...{ ...tried, state: "behind", lastError: "answered 503", nextAttemptAt: expect.any(String) },
  });
  expect(await deliveryOf("s-4")).toMatchObject({
    ...{ ...told, state: "ahead", lastError: `has revision ${revision + 9}, more than the head` },
  });
});

it("counts a server as having a revision that changed nothing of what it receives", async () => {
  const { client } = await startWithReceivers();
  await client.callOverSocket("POST", "/v1/rebalances?wait=converged", {
    strategy: "proportional",
  });
  const { revision } = await client.patch("/v1/processes/A", { weight: 2 });
  expect((await client.get(`/v1/revisions/${revision}/delivery`)).body).toMatchObject({
    servers: 3,
    acked: 3,
    behind: [],
  });
});

it("tells who is missing when the time is up, without harm to the others", async () => {
  const { client, receivers } = await startWithReceivers();
  const applied = await client.callOverSocket("POST", "/v1/rebalances?wait=converged", {
    strategy: "proportional",
  });
  expect(applied.status).toBe(201);
  receivers[1]!.intercept = () => "hang";
  const late = await client.callOverSocket(
    "POST",
    "/v1/rebalances?wait=converged&timeoutSeconds=0",
    {
      strategy: "proportional",
      force: true,
    },
  );
  expect(late.status).toBe(202);
  expect(late.body).toMatchObject({ state: "applied", delivery: { servers: 3 } });
  expect(late.body.delivery.behind).toContain("s-2");
});

it("ends a waiting call when the service closes", async () => {
  const { client, receivers } = await startWithReceivers();
  for (const receiver of receivers) receiver.intercept = () => "hang";
  const waiting = client.callOverSocket(
    "POST",
    "/v1/rebalances?wait=converged&timeoutSeconds=600",
    {},
  );
  await client.service.app.ready();
  while ((await client.get("/v1/rebalances")).body.items.length === 0);
  await client.service.close();
  expect((await waiting).status).toBe(202);
});

it("applies and takes back only what concerns servers that can be reached, unless told to", async () => {
  const { client, receivers } = await startWithReceivers();
  const entries = [{ firstLba: 0, lastLba: 9, cNodeId: "c-1" }];
  const { revision } = await client.put("/v1/volumes/vol-2", { blockCount: 10, entries });
  // Otherwise this very revision could be what s-2 answers with 410.
  while ((await client.get(`/v1/revisions/${revision}/delivery`)).body.behind.length > 0);
  const plan = async (body: object) =>
    (await client.post("/v1/rebalances", { ...body, dryRun: true, volumeIds: ["vol-1"] })).body;
  const [careful, careless] = [await plan({}), await plan({ allowUnreachable: true })];
  receivers[1]!.intercept = () => ({ status: 410 });
  const other = { volumeIds: ["vol-2"] };
  const sent = await client.callOverSocket("POST", "/v1/rebalances?wait=converged", other);
  expect(sent.status).toBe(202);
  expect((await client.get("/v1/storage-servers/s-2")).body.delivery.state).toBe("gone");

  const url = `/v1/rebalances/${careful.id}`;
  const refused = await client.post(`${url}/apply`);
  expect([refused.status, refused.body.code]).toEqual([409, "servers-unreachable"]);
  expect(refused.body.detail).toContain("s-2");
  expect((await client.post(`${url}/apply`, { allowUnreachable: true })).status).toBe(200);
  const { rollback } = (await client.get(url)).body;
  expect(rollback).toEqual({ possible: false, reason: expect.stringContaining("s-2") });
  const kept = await client.post(`${url}/rollback`);
  expect([kept.status, kept.body.code]).toEqual([409, "servers-unreachable"]);
  expect((await client.post(`${url}/rollback`, { allowUnreachable: true })).status).toBe(200);
  // What the plan was allowed when it was made need not be said again; only its map is old now.
  const late = await client.post(`/v1/rebalances/${careless.id}/apply`, { rebase: true });
  expect([late.status, late.body.moves]).toEqual([200, careless.moves]);
});
