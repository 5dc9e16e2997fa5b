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
  await client.put("/v1/volumes/vol-2", { blockCount: 10, entries });
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
