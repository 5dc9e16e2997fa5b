import { expect, it } from "vitest";
import { type Client, startWorkedExample } from "../support/service.ts";

/** Twelve revisions, of which five are to be kept; answers when the older ones are gone. */
async function pruned(): Promise<{ client: Client; floor: number }> {
  const client = await startWorkedExample({ HISTORY_REVISIONS_MAX: "5" });
  await client.post("/v1/rebalances", { strategy: "proportional" });
  for (let i = 0; i < 10; i++) await client.patch("/v1/processes/A", { weight: 2 + i });
  for (;;) {
    const { items } = (await client.get("/v1/revisions?limit=1000")).body;
    const floor: number = items.at(-1).revision;
    if (items.length <= 5) return { client, floor };
  }
}

it("answers 410 with the floor to whatever is below it", async () => {
  const { client, floor } = await pruned();
  expect(floor).toBeGreaterThanOrEqual(8);
  const below = floor - 1;
  const calls: [method: string, url: string][] = [
    ["GET", `/v1/a2c?revision=${below}`],
    ["GET", `/v1/link-assignments?revision=${below}`],
    ["GET", `/v1/revisions/${below}`],
    ["GET", `/v1/revisions/${below}/delivery`],
    ["POST", `/v1/revisions/${below}/restore`],
  ];
  for (const [method, url] of calls) {
    const { status, body } = await client.call(method, url);
    expect([url, status, body.code]).toEqual([url, 410, "revision-compacted"]);
    expect(body.detail).toContain(`the floor is revision ${floor}`);
  }
});

it("answers as before what is at the floor or above", async () => {
  const { client, floor } = await pruned();
  const table = await client.get(`/v1/a2c?revision=${floor}`);
  expect(table.body).toEqual((await client.get("/v1/a2c")).body);
  const { body } = await client.get(`/v1/revisions/${floor}`);
  expect(body.changes.processes).toMatchObject([{ id: "A", before: {}, after: {} }]);
  expect((await client.get(`/v1/revisions/${floor}/delivery`)).status).toBe(200);
  const same = await client.post(`/v1/revisions/${floor}/restore`);
  expect([same.status, same.body.revision]).toEqual([200, null]);
});

it("tells an owner of before the floor, but not how it came", async () => {
  const { client } = await pruned();
  const { body } = await client.get("/v1/a2c/vol-1/history?lba=25");
  expect(body.items).toEqual([
    {
      ...{ firstLba: 22, lastLba: 77, cNodeId: "c-2", processId: "B" },
      ...{ fromRevision: 2, toRevision: null },
    },
  ]);
});

it("sends a server that has less than the floor a snapshot", async () => {
  const { client } = await pruned();
  const { revision } = (await client.get("/v1/cluster")).body;
  const pull = async (after: number) => {
    const url = `/v1/storage-servers/s-1/updates?generation=1&after=${after}`;
    return (await client.callOverSocket("GET", url)).body.kind;
  };
  await client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" });
  expect(await pull(1)).toBe("snapshot");
  expect(await pull(revision)).toBe("delta");
});
