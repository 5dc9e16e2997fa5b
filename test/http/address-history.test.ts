import { expect, it } from "vitest";
import { type Client, startWorkedExample } from "../support/service.ts";

const history = (client: Client, query: string) => client.get(`/v1/a2c/vol-1/history?${query}`);

/** Twenty-two addresses go to c-2 and back, one other in between. */
async function movedToAndFro(): Promise<Client> {
  const client = await startWorkedExample();
  const table = (await client.get("/v1/a2c?volumeId=vol-1")).body.entries;
  const entries = table.map(({ volumeId: _, ...entry }: { volumeId: string }) => entry);
  const reason = "link 2 is back";
  await client.post("/v1/rebalances", { strategy: "proportional", reason });
  await client.put("/v1/a2c/vol-1", { entries }, { "if-match": "*" });
  return client;
}

it("tells who owned an address when, who asked and why", async () => {
  const client = await movedToAndFro();
  const { status, body } = await history(client, "lba=25");
  expect(status).toBe(200);
  expect(body).toMatchObject({ volumeId: "vol-1", lba: 25 });
  const at = expect.any(String);
  const actor = "local";
  expect(body.items).toEqual([
    {
      ...{ firstLba: 0, lastLba: 32, cNodeId: "c-1", processId: "A", at, actor },
      ...{ fromRevision: 3, toRevision: null, kind: "replace-a2c" },
    },
    {
      ...{ firstLba: 22, lastLba: 77, cNodeId: "c-2", processId: "B", at, actor },
      ...{ fromRevision: 2, toRevision: 3, kind: "rebalance", reason: "link 2 is back" },
    },
    {
      ...{ firstLba: 0, lastLba: 32, cNodeId: "c-1", processId: "A", at, actor },
      ...{ fromRevision: 1, toRevision: 2, kind: "register-topology" },
    },
  ]);
});

it("counts a C-node's time once, however its ranges were cut meanwhile", async () => {
  const client = await movedToAndFro();
  const { body } = await history(client, "lba=5");
  expect(body.items).toMatchObject([{ cNodeId: "c-1", fromRevision: 1, toRevision: null }]);
});

it("gives the history in pages", async () => {
  const client = await movedToAndFro();
  const seen: number[] = [];
  let query = "lba=25&limit=1";
  for (let page = 0; page < 3; page++) {
    const { body } = await history(client, query);
    seen.push(...body.items.map((item: { fromRevision: number }) => item.fromRevision));
    expect(body.nextPageToken === undefined).toBe(page === 2);
    query = `lba=25&limit=1&pageToken=${body.nextPageToken}`;
  }
  expect(seen).toEqual([3, 2, 1]);
});

it("knows only addresses of volumes that are registered", async () => {
  const client = await startWorkedExample();
  const absent = await client.get("/v1/a2c/vol-9/history?lba=0");
  expect([absent.status, absent.body.code]).toEqual([404, "not-found"]);
  const outside = await history(client, "lba=101");
  expect([outside.status, outside.body.code]).toEqual([422, "map-outside-volume"]);
  expect(outside.body.errors[0].path).toBe("lba");
  const missing = await history(client, "limit=5");
  expect([missing.status, missing.body.errors[0].path]).toEqual([400, "lba"]);
});
