/** Rebalances of a table that is planned in a thread of its own. */
import { expect, it } from "vitest";
import { type Client, startService, workedExample } from "../support/service.ts";

const BLOCKS = 60_000;

/** Three processes that own every third range, of lengths that come round. */
async function startLarge(lengths: readonly number[] = [2]): Promise<Client> {
  const client = await startService();
  const { processes, storageServers, links, linkAssignments } = workedExample;
  await client.post("/v1/topology", { processes, storageServers, links, linkAssignments });
  const entries: { firstLba: number; lastLba: number; cNodeId: string }[] = [];
  for (let firstLba = 0; firstLba < BLOCKS; ) {
    const i = entries.length;
    const lastLba = Math.min(BLOCKS, firstLba + lengths[i % lengths.length]!) - 1;
    entries.push({ firstLba, lastLba, cNodeId: `c-${1 + (i % 3)}` });
    firstLba = lastLba + 1;
  }
  const { status } = await client.put("/v1/volumes/v", { blockCount: BLOCKS, entries });
  expect(status).toBe(201);
  return client;
}

const sizes = async (client: Client) =>
  (await client.get("/v1/processes")).body.items.map(
    ({ addressCount }: { addressCount: number }) => addressCount,
  );

it("is planned and committed as a small one is", async () => {
  const client = await startLarge();
  const planned = (await client.post("/v1/rebalances", { dryRun: true })).body;
  const applied = await client.post("/v1/rebalances", {});
  const { moves, movedAddresses, minimumMovedAddresses, rangesAfter } = applied.body;
  expect([applied.status, applied.body.state]).toEqual([201, "applied"]);
  expect(movedAddresses).toBe(minimumMovedAddresses);
  expect([movedAddresses, moves]).toEqual([planned.movedAddresses, planned.moves]);
  // N_R = 2 of N = 3 links: a linked process gives 1/3 of its share.
  expect(await sizes(client)).toEqual([13_333, 33_333, 13_334]);
  expect((await client.get("/v1/volumes/v")).body.rangeCount).toBe(rangesAfter);
  const again = await client.post("/v1/rebalances", {});
  expect([again.status, again.body.state]).toEqual([200, "no-op"]);
  const stale = await client.post(`/v1/rebalances/${planned.id}/apply`);
  expect([stale.status, stale.body.code]).toEqual([409, "stale-plan"]);
  const back = await client.post(`/v1/rebalances/${applied.body.id}/rollback`);
  expect(back.body.state).toBe("rolled-back");
  expect(await sizes(client)).toEqual([20_000, 20_000, 20_000]);
});

it("stands on what is so when it is committed, whatever comes meanwhile", async () => {
  const client = await startLarge();
  const rebalance = client.callOverSocket("POST", "/v1/rebalances", {});
  const weights = [2, 3, 2, 4];
  for (const weight of weights) await client.patch("/v1/processes/B", { weight });
  const { body } = await rebalance;
  expect(body.state).toBe("applied");
  const { changes } = (await client.get(`/v1/revisions/${body.revision}`)).body;
  expect(changes.a2c ?? changes.maps).toBeDefined();
  // Whichever weight it was planned with, nothing is left to do for that one.
  const row = body.processes.find(({ processId }: { processId: string }) => processId === "B");
  const settled = await client.get(`/v1/a2c?revision=${body.revision}&cNodeId=c-2`);
  const owned = settled.body.entries.reduce(
    (sum: number, { firstLba, lastLba }: { firstLba: number; lastLba: number }) =>
      sum + lastLba - firstLba + 1,
    0,
  );
  expect(owned).toBe(row.addressesAfter);
});

it("refuses what cannot be planned, as a small one does", async () => {
  const client = await startLarge();
  const refused = await client.post("/v1/rebalances", { volumeIds: ["none"] });
  expect([refused.status, refused.body.code]).toEqual([422, "unknown-volume"]);
});

it("consolidate merges ranges, and leaves all sizes as they are", async () => {
  const client = await startLarge([1, 2, 4, 1]);
  const before = await sizes(client);
  const { body, status } = await client.post("/v1/rebalances", { strategy: "consolidate" });
  expect([status, body.state]).toEqual([201, "applied"]);
  expect(body.rangesAfter).toBeLessThan(body.rangesBefore);
  expect(body.explanations[0]).toMatchObject({
    code: "consolidates",
    detail: expect.stringMatching(/^removes \d+ of 30000 ranges of volume v by moving \d+ addr/),
  });
  expect(await sizes(client)).toEqual(before);
  const bad = await client.post("/v1/rebalances", { strategy: "consolidate", force: true });
  expect([bad.status, bad.body.errors[0].path]).toEqual([400, "force"]);
});
