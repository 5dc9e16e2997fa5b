import { describe, expect, it } from "vitest";
import { type Client, startWorkedExample, tableOf } from "../support/service.ts";

const LEVEL = ["c-1: 0–22", "c-2: 23–78", "c-3: 79–100"];

const planned = async (client: Client, body: object = {}) =>
  (await client.post("/v1/rebalances", { ...body, dryRun: true })).body;
const apply = (client: Client, { id }: { id: string }, body?: object) =>
  client.post(`/v1/rebalances/${id}/apply`, body);

interface Change {
  readonly name: string;
  readonly make: (client: Client) => Promise<{ status: number }>;
  /** Of the changes that are told; none: the plan is as good as before. */
  readonly codes: readonly string[];
  readonly sameMoves?: boolean;
}

const processUrl = "/v1/processes/D";
const processD = { storageServerId: "s-1", rNodeId: "r-d", cNodeId: "c-4" };
const changes: Change[] = [
  {
    name: "a weight",
    make: (client) => client.patch("/v1/processes/B", { weight: 2 }),
    codes: ["weight-changed"],
  },
  {
    name: "a process that drains",
    make: (client) => client.patch("/v1/processes/B", { state: "draining" }),
    codes: ["process-draining"],
  },
  {
    name: "a server that drains",
    make: (client) => client.patch("/v1/storage-servers/s-2", { state: "draining" }),
    codes: ["process-draining"],
  },
  {
    name: "a process that joins",
    make: (client) => client.put(processUrl, processD),
    codes: ["process-joined"],
  },
  {
    name: "a link that is released",
    make: (client) => client.delete("/v1/link-assignments/link-1"),
    codes: ["link-released"],
  },
  {
    name: "a link that goes to another",
    make: (client) => client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" }),
    codes: ["link-released", "link-held"],
  },
  {
    name: "the replication cost",
    make: (client) => client.patch("/v1/cluster", { replicationCost: 0.5 }),
    codes: ["replication-cost-changed"],
  },
  {
    name: "the replication cost, written down as it was",
    make: (client) => client.patch("/v1/cluster", { replicationCost: 0.666666 }),
    codes: ["replication-cost-changed"],
    sameMoves: true,
  },
  {
    name: "a map",
    make: (client) => client.post("/v1/rebalances", { strategy: "proportional" }),
    codes: ["map-changed"],
  },
  {
    name: "a volume that grows",
    make: (client) => client.put("/v1/volumes/vol-1", { blockCount: 102 }),
    codes: ["map-changed"],
  },
  {
    name: "a volume that is deleted",
    make: (client) => client.delete("/v1/volumes/vol-1", { "if-match": "*" }),
    codes: ["volume-gone"],
  },
  {
    name: "another volume",
    make: (client) => client.put("/v1/volumes/v-2", { blockCount: 9 }),
    codes: [],
  },
  {
    name: "a label",
    make: (client) => client.patch("/v1/storage-servers/s-1", { labels: { rack: "1" } }),
    codes: [],
  },
  { name: "a spare link", make: (client) => client.put("/v1/links/link-3", {}), codes: [] },
  {
    name: "links that change places",
    make: async (client) => {
      const entries = [
        { linkId: "link-1", rNodeId: "r-c" },
        { linkId: "link-2", rNodeId: "r-a" },
      ];
      return client.call("PUT", "/v1/link-assignments", { entries }, { "if-match": "*" });
    },
    codes: [],
  },
  {
    name: "a weight that is set back",
    make: async (client) => {
      await client.patch("/v1/processes/A", { weight: 7 });
      return client.patch("/v1/processes/A", { weight: 1 });
    },
    codes: [],
  },
];

describe("what makes a plan stale", () => {
  it.each(changes)("$name: $codes", async ({ make, codes, sameMoves = false }) => {
    const client = await startWorkedExample();
    const plan = await planned(client);
    expect((await make(client)).status).toBeLessThan(300);
    const before = await tableOf(client);
    const { status, body } = await apply(client, plan);
    if (codes.length === 0) {
      expect([status, body.state]).toEqual([200, "applied"]);
      return;
    }
    expect([status, body.code]).toEqual([409, "stale-plan"]);
    expect(body.changes.map((change: { code: string }) => change.code)).toEqual(codes);
    expect(body.changeCount).toBe(codes.length);
    for (const { detail } of body.changes) expect(body.detail).toContain(detail);
    expect(body.replanned.sameMoves).toBe(sameMoves);
    expect(await tableOf(client)).toEqual(before);
    expect((await client.get(`/v1/rebalances/${plan.id}`)).body.state).toBe("planned");
  });

  it("reads the cost from the request where it has one", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client, { replicationCost: 0.5 });
    await client.patch("/v1/cluster", { replicationCost: 3 });
    expect((await apply(client, plan)).status).toBe(200);
  });

  it("looks only at the volumes of the plan", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/volumes/vol-2", { blockCount: 9 });
    const plan = await planned(client, { volumeIds: ["vol-1"] });
    await client.put("/v1/volumes/vol-2", { blockCount: 18 });
    expect((await apply(client, plan)).status).toBe(200);
  });
});

describe("rebase", () => {
  it("applies a stale plan that still applies cleanly, and says so", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/volumes/vol-2", { blockCount: 9 });
    const plan = await planned(client, { volumeIds: ["vol-1"] });
    await client.patch("/v1/processes/B", { weight: 2 });
    expect((await apply(client, plan)).status).toBe(409);
    const rebased = await apply(client, plan, { rebase: true });
    expect([rebased.status, rebased.body.state]).toEqual([200, "applied"]);
    expect(rebased.body.moves).toEqual(plan.moves);
    expect(rebased.body.explanations.at(-1)).toEqual({
      code: "rebased",
      detail: expect.stringContaining("the weight of process B was 1 and is 2"),
    });
    expect((await tableOf(client)).slice(0, 3)).toEqual(LEVEL);
  });

  it("is refused where an address has another owner", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client);
    const entries = [
      { firstLba: 0, lastLba: 24, cNodeId: "c-1" },
      { firstLba: 25, lastLba: 66, cNodeId: "c-2" },
      { firstLba: 67, lastLba: 100, cNodeId: "c-3" },
    ];
    await client.put("/v1/a2c/vol-1", { entries }, { "if-match": "*" });
    const { status, body } = await apply(client, plan, { rebase: true });
    expect([status, body.code]).toEqual([409, "stale-plan"]);
    expect(body.detail).toContain("address 25 of volume vol-1 is owned by c-2, not by c-1");
  });

  it("is refused where a receiver is draining or gone, or the volume is another one", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client);
    await client.patch("/v1/processes/B", { state: "draining" });
    const draining = await apply(client, plan, { rebase: true });
    expect([draining.status, draining.body.code]).toEqual([409, "stale-plan"]);
    expect(draining.body.detail).toContain("process B of C-node c-2 is draining");

    await client.patch("/v1/processes/B", { state: "active" });
    const { body: map } = await client.get("/v1/a2c?volumeId=vol-1");
    await client.delete("/v1/volumes/vol-1", { "if-match": "*" });
    const entries = map.entries.map(({ volumeId: _, ...range }: { volumeId: string }) => range);
    await client.put("/v1/volumes/vol-1", { blockCount: 101, entries });
    const recreated = await apply(client, plan, { rebase: true });
    expect([recreated.status, recreated.body.code]).toEqual([409, "stale-plan"]);
    expect(recreated.body.detail).toContain("created anew");
  });
});
