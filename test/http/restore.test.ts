import { expect, it } from "vitest";
import { type Client, startWorkedExample, tableOf } from "../support/service.ts";

const links = async (client: Client) =>
  (await client.get("/v1/link-assignments")).body.entries.map(
    ({ linkId, rNodeId }: { linkId: string; rNodeId: string }) => `${linkId}: ${rNodeId}`,
  );

/** Revision 2 moves addresses, revision 3 a link. */
async function changed(): Promise<Client> {
  const client = await startWorkedExample();
  await client.post("/v1/rebalances", { strategy: "proportional" });
  await client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" });
  return client;
}

it("makes a new revision with both tables as they were", async () => {
  const client = await changed();
  const then = (await client.get("/v1/a2c?revision=1")).body;
  const dry = await client.post("/v1/revisions/1/restore", { dryRun: true });
  expect([dry.status, dry.revision, dry.body.revision]).toEqual([200, 3, null]);
  expect(dry.body).toMatchObject({
    restoredRevision: 1,
    movedAddresses: 22,
    moveCount: 2,
    moves: [
      { volumeId: "vol-1", firstLba: 22, lastLba: 32, fromCNodeId: "c-2", toCNodeId: "c-1" },
      { volumeId: "vol-1", firstLba: 67, lastLba: 77, fromCNodeId: "c-2", toCNodeId: "c-3" },
    ],
    links: [{ linkId: "link-1", fromRNodeId: "r-b", toRNodeId: "r-a" }],
    keptVolumeIds: [],
  });
  expect((await client.get("/v1/cluster")).revision).toBe(3);

  const reason = "the rebalance was a mistake";
  const done = await client.post("/v1/revisions/1/restore", { reason });
  expect([done.status, done.revision]).toEqual([200, 4]);
  expect(done.body).toEqual({ ...dry.body, revision: 4 });
  expect(await tableOf(client)).toEqual(["c-1: 0–32", "c-2: 33–66", "c-3: 67–100"]);
  expect(await links(client)).toEqual(["link-1: r-a", "link-2: r-c"]);
  const now = (await client.get("/v1/a2c")).body;
  expect(now).toEqual({ ...then, revision: 4 });
  const { body } = await client.get("/v1/revisions/4");
  expect(body).toMatchObject({ kind: "restore", reason, changed: { movedAddresses: 22 } });
});

it("takes no revision for what is there already, also of the head", async () => {
  const client = await changed();
  await client.post("/v1/revisions/2/restore");
  for (const revision of [2, 4]) {
    const { status, body, ...answer } = await client.post(`/v1/revisions/${revision}/restore`);
    expect([status, body.revision, body.movedAddresses, answer.revision]).toEqual([
      200,
      null,
      0,
      4,
    ]);
  }
  expect((await client.get("/v1/revisions/4")).body.reason).toBe("the tables of revision 2");
});

it("is refused where something is gone, or the tables have changed since they were read", async () => {
  const client = await changed();
  await client.delete("/v1/link-assignments/link-2");
  await client.delete("/v1/links/link-2");
  const gone = await client.post("/v1/revisions/1/restore");
  expect([gone.status, gone.body.code]).toEqual([409, "restore-conflict"]);
  expect(gone.body.errors).toEqual([
    {
      path: "linkAssignments.link-2",
      message: "link link-2 is not registered any more",
    },
  ]);
  const stale = { "if-match": '"1.3"' };
  const refused = await client.post("/v1/revisions/2/restore", {}, stale);
  expect([refused.status, refused.body.code]).toEqual([412, "precondition-failed"]);
  const missing = await client.post("/v1/revisions/99/restore");
  expect([missing.status, missing.body.code]).toEqual([404, "not-found"]);
  expect((await client.get("/v1/cluster")).revision).toBe(5);
});

it("empties what came since the beginning, but keeps its volumes", async () => {
  const client = await changed();
  const { body } = await client.post("/v1/revisions/0/restore");
  expect(body).toMatchObject({ movedAddresses: 0, keptVolumeIds: ["vol-1"], revision: 4 });
  expect(await links(client)).toEqual([]);
});
