import { describe, expect, it } from "vitest";
import { type Client, startWorkedExample } from "../support/service.ts";

const VOLUMES = ["vol-1", "vol-2", "vol-3"];

/** The worked example with two more volumes, one in extents and one smaller than the C-nodes are many. */
async function startWithVolumes(): Promise<Client> {
  const client = await startWorkedExample();
  await client.put("/v1/volumes/vol-2", { blockCount: 800, extentBlocks: 8 });
  await client.put("/v1/volumes/vol-3", { blockCount: 2 });
  return client;
}

const heldBackBy = async (client: Client, url: string) => (await client.get(url)).body.heldBackBy;
const codesOf = async (client: Client, url: string) =>
  (await heldBackBy(client, url)).map(({ code }: { code: string }) => code);

/** What is told beforehand is what the deletion is refused for. */
async function expectRefusedAsTold(client: Client, url: string): Promise<void> {
  const [first] = await heldBackBy(client, url);
  const { status, body } = await client.delete(url);
  expect([status, body.code, body.detail]).toEqual([409, first.code, first.detail]);
}

async function expectOwnsNothing(client: Client, cNodeId: string): Promise<void> {
  for (const volumeId of VOLUMES) {
    const { entries } = (await client.get(`/v1/a2c?volumeId=${volumeId}&cNodeId=${cNodeId}`)).body;
    expect(entries).toEqual([]);
  }
}

describe("draining", () => {
  it("leaves a process exactly nothing in every volume, whatever the tolerance", async () => {
    const client = await startWithVolumes();
    const url = "/v1/processes/A";
    await client.patch(url, { state: "draining" });
    expect(await codesOf(client, url)).toEqual(["process-owns-addresses", "process-holds-link"]);
    await expectRefusedAsTold(client, url);

    const { body } = await client.post("/v1/rebalances", { tolerance: 1 });
    const row = body.processes.find((it: { processId: string }) => it.processId === "A");
    expect(row).toMatchObject({ addressesAfter: 0, target: 0 });
    await expectOwnsNothing(client, "c-1");
    expect((await client.get(url)).body).toMatchObject({ addressCount: 0, rangeCount: 0 });
    expect(await codesOf(client, url)).toEqual(["process-holds-link"]);
    await expectRefusedAsTold(client, url);

    await client.delete("/v1/link-assignments/link-1");
    expect(await heldBackBy(client, url)).toEqual([]);
    expect((await client.delete(url)).status).toBe(204);
  });

  it("leaves a server exactly nothing in every volume, in budgeted runs too", async () => {
    const client = await startWithVolumes();
    const url = "/v1/storage-servers/s-2";
    await client.patch(url, { state: "draining" });
    const runs: string[] = [];
    // 34 of vol-1, about 270 of vol-2 and at most one of vol-3, by a hundred at a time.
    for (let i = 0; i < 5; i++) {
      const { body } = await client.post("/v1/rebalances", { maxMovedAddresses: 100 });
      runs.push(body.state);
      if ((await client.get("/v1/processes/B")).body.addressCount === 0) break;
    }
    expect(runs.length).toBeGreaterThan(1);
    await expectOwnsNothing(client, "c-2");
    expect(await heldBackBy(client, "/v1/processes/B")).toEqual([]);
    expect(await codesOf(client, url)).toEqual([
      "storage-server-in-use",
      "storage-server-unsettled",
    ]);
    await expectRefusedAsTold(client, url);
    expect((await client.delete("/v1/processes/B")).status).toBe(204);
    expect(await codesOf(client, url)).toEqual(["storage-server-unsettled"]);
    await expectRefusedAsTold(client, url);
    expect((await client.post(`${url}/fence`)).body.heldBackBy).toEqual([]);
    expect((await client.delete(url)).status).toBe(204);
  });
});

describe("what holds a deletion back", () => {
  it("is in the lists, and goes with the record when it is sent back", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/links/link-3", { storageServerId: "s-3" });
    const { items } = (await client.get("/v1/storage-servers")).body;
    const details = items.map((it: { heldBackBy: { detail: string }[] }) =>
      it.heldBackBy.map(({ detail }) => detail),
    );
    expect(details).toEqual([
      ["storage server s-1 is used by 1 records: process A"],
      ["storage server s-2 is used by 1 records: process B"],
      ["storage server s-3 is used by 2 records: process C, link link-3"],
    ]);
    const before = (await client.get("/v1/cluster")).body.revision;
    for (const url of ["/v1/processes/B", "/v1/storage-servers/s-3"]) {
      const { body } = await client.get(url);
      const again = await client.put(url, body);
      expect([again.status, again.revision]).toEqual([200, before]);
      expect(again.body.heldBackBy).toEqual(body.heldBackBy);
    }
    const processes = (await client.get("/v1/processes")).body.items;
    expect(processes[1].heldBackBy).toEqual([
      {
        code: "process-owns-addresses",
        detail: "C-node c-2 of process B still owns 34 addresses",
      },
    ]);
  });
});

describe("a process in use", () => {
  it("keeps its nodes, but takes a first D-node", async () => {
    const client = await startWorkedExample();
    const nodes = { storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" };
    const first = await client.put("/v1/processes/A", { ...nodes, dNodeId: "d-1" });
    expect([first.status, first.body.dNodeId]).toEqual([200, "d-1"]);
    const other = await client.put("/v1/processes/A", { ...nodes, dNodeId: "d-2" });
    expect([other.status, other.body.code]).toEqual([409, "process-in-use"]);
    expect(other.body.errors).toEqual([{ path: "dNodeId", message: "d-1 is registered" }]);
  });
});
