import { describe, expect, it } from "vitest";
import { type Client, startWorkedExample, tableOf } from "../support/service.ts";

const ORIGINAL = ["c-1: 0–32", "c-2: 33–66", "c-3: 67–100"];

const applied = async (client: Client, body: object = {}) =>
  (await client.post("/v1/rebalances", body)).body;
const rollBack = (client: Client, { id }: { id: string }, body?: object) =>
  client.post(`/v1/rebalances/${id}/rollback`, body);
const outlook = async (client: Client, { id }: { id: string }) =>
  (await client.get(`/v1/rebalances/${id}`)).body.rollback;

describe("rolling a rebalance back", () => {
  it("gives the very same table as before, as a new revision", async () => {
    const client = await startWorkedExample();
    const before = (await client.get("/v1/a2c")).body.entries;
    const rebalance = await applied(client);
    expect(rebalance.rollback).toEqual({ possible: true });
    const back = await rollBack(client, rebalance, { reason: "more latency than before" });
    expect([back.status, back.revision]).toEqual([200, 3]);
    const { rollback: _, ...taken } = rebalance;
    expect(back.body).toEqual({
      ...taken,
      state: "rolled-back",
      rollbackRevision: 3,
      rolledBackAt: expect.any(String),
    });
    expect((await client.get("/v1/a2c")).body.entries).toEqual(before);
    expect((await client.get(`/v1/rebalances/${rebalance.id}`)).body).toEqual(back.body);
    expect((await client.get("/v1/revisions/3")).body).toMatchObject({
      kind: "rollback",
      reason: "more latency than before",
      changed: { movedAddresses: rebalance.movedAddresses },
    });
  });

  it("answers once more with the same, also to two calls at once", async () => {
    const client = await startWorkedExample();
    const rebalance = await applied(client);
    const both = await Promise.all([rollBack(client, rebalance), rollBack(client, rebalance)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(both[1]!.body).toEqual(both[0]!.body);
    expect((await client.get("/v1/cluster")).body.revision).toBe(3);
    const again = await client.post(`/v1/rebalances/${rebalance.id}/apply`);
    // It was never a dry run, and what was taken back is not applied once more.
    expect([again.status, again.body.code]).toEqual([409, "rebalance-rolled-back"]);
  });

  it("survives later changes that concern other things", async () => {
    const client = await startWorkedExample();
    const rebalance = await applied(client);
    await client.put("/v1/volumes/vol-2", { blockCount: 50 });
    await client.put("/v1/volumes/vol-1", { blockCount: 120 });
    await client.patch("/v1/processes/A", { weight: 2 });
    await client.delete("/v1/link-assignments/link-1");
    await client.put("/v1/processes/D", { storageServerId: "s-1", rNodeId: "r-d", cNodeId: "c-4" });
    expect(await outlook(client, rebalance)).toEqual({ possible: true });
    expect((await rollBack(client, rebalance)).status).toBe(200);
    const table = await tableOf(client);
    expect(table.slice(0, 2)).toEqual(ORIGINAL.slice(0, 2));
  });

  it("survives other moves in the same volume", async () => {
    const client = await startWorkedExample();
    // Of 67–100, 79–100 stays with c-3, so that somebody else may have it afterwards.
    const rebalance = await applied(client);
    await client.put("/v1/processes/D", { storageServerId: "s-1", rNodeId: "r-d", cNodeId: "c-4" });
    const { entries } = (await client.get("/v1/a2c?volumeId=vol-1")).body;
    const ranges = entries.map(({ volumeId: _, ...range }: { volumeId: string }) => range);
    ranges[2].firstLba = 91;
    ranges.splice(2, 0, { firstLba: 79, lastLba: 90, cNodeId: "c-4" });
    const put = await client.put("/v1/a2c/vol-1", { entries: ranges }, { "if-match": "*" });
    expect(put.status).toBe(200);
    expect((await rollBack(client, rebalance)).status).toBe(200);
    expect(await tableOf(client)).toEqual([
      "c-1: 0–32",
      "c-2: 33–66",
      "c-3: 67–78",
      "c-4: 79–90",
      "c-3: 91–100",
    ]);
  });

  it("is told beforehand, and refused with the same words, where an address went on", async () => {
    const client = await startWorkedExample();
    const rebalance = await applied(client);
    await client.patch("/v1/processes/B", { state: "draining" });
    await client.post("/v1/rebalances", {});
    const told = await outlook(client, rebalance);
    expect(told.possible).toBe(false);
    expect(told.reason).toMatch(/^address \d+ of volume vol-1 is owned by c-\d, not by c-2$/);
    const before = await tableOf(client);
    const { status, body } = await rollBack(client, rebalance);
    expect([status, body.code, body.detail]).toEqual([409, "rollback-conflict", told.reason]);
    expect(body.correction).toEqual(expect.any(String));
    expect(await tableOf(client)).toEqual(before);
    expect((await client.get(`/v1/rebalances/${rebalance.id}`)).body.state).toBe("applied");
  });

  it("is refused while the old owner is draining", async () => {
    const client = await startWorkedExample();
    const rebalance = await applied(client);
    await client.patch("/v1/processes/A", { state: "draining" });
    expect(await outlook(client, rebalance)).toEqual({
      possible: false,
      reason: "process A of C-node c-1 is draining",
    });
    const refused = await rollBack(client, rebalance);
    expect([refused.status, refused.body.code]).toEqual([409, "rollback-conflict"]);
    expect(refused.body.detail).toContain("address 23 of volume vol-1");
    await client.patch("/v1/processes/A", { state: "active" });
    expect((await rollBack(client, rebalance)).status).toBe(200);
    expect(await tableOf(client)).toEqual(ORIGINAL);
  });

  it("is refused when the old owner or the volume is gone", async () => {
    const client = await startWorkedExample();
    await client.patch("/v1/processes/B", { state: "draining" });
    const evacuated = await applied(client);
    // What took B's addresses away cannot give them back while B drains.
    expect(evacuated.rollback).toEqual({
      possible: false,
      reason: "process B of C-node c-2 is draining",
    });
    expect((await client.delete("/v1/processes/B")).status).toBe(204);
    const refused = await rollBack(client, evacuated);
    expect([refused.status, refused.body.code]).toEqual([409, "rollback-conflict"]);
    expect(refused.body.detail).toContain("C-node c-2 is gone");
    await client.delete("/v1/volumes/vol-1", { "if-match": "*" });
    expect((await outlook(client, evacuated)).reason).toContain("the volume is gone");
  });

  it("is refused for a plan, a no-op, and a body that asks for more", async () => {
    const client = await startWorkedExample();
    const { body: plan } = await client.post("/v1/rebalances", { dryRun: true });
    const refused = await rollBack(client, plan);
    expect([refused.status, refused.body.code]).toEqual([409, "rebalance-not-applied"]);
    const rebalance = await applied(client);
    const { body: settled } = await client.post("/v1/rebalances", { dryRun: true });
    expect(settled).toMatchObject({ state: "no-op" });
    expect(settled.rollback).toBeUndefined();
    expect((await rollBack(client, settled)).status).toBe(409);
    expect((await rollBack(client, rebalance, { rebase: true })).status).toBe(400);
    const stale = { "if-match": '"1.1"' };
    const url = `/v1/rebalances/${rebalance.id}/rollback`;
    expect((await client.post(url, {}, stale)).status).toBe(412);
  });

  it("takes several back, the last one first", async () => {
    const client = await startWorkedExample();
    const first = await applied(client);
    await client.patch("/v1/processes/B", { weight: 3 });
    const second = await applied(client);
    expect((await outlook(client, first)).possible).toBe(true);
    await rollBack(client, second);
    expect((await rollBack(client, first)).status).toBe(200);
    expect(await tableOf(client)).toEqual(ORIGINAL);
  });
});
