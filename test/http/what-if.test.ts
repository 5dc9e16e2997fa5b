import { describe, expect, it } from "vitest";
import { type Client, startWorkedExample, tableOf } from "../support/service.ts";

const ORIGINAL = ["c-1: 0–32", "c-2: 33–66", "c-3: 67–100"];
const processD = { rNodeId: "r-d", cNodeId: "c-4" };

const whatIf = (client: Client, assume: object, body: object = {}) =>
  client.post("/v1/rebalances", { dryRun: true, assume, ...body });
const apply = (client: Client, { id }: { id: string }, body?: object) =>
  client.post(`/v1/rebalances/${id}/apply`, body);

interface Case {
  readonly name: string;
  readonly assume: object;
  /** What makes it come true. */
  readonly happens: (client: Client) => Promise<unknown>;
  /** How the refusal names what is not so yet. */
  readonly unmet: { path: string; message: string }[];
}

const cases: Case[] = [
  {
    name: "a link that fails",
    assume: { linksDown: ["link-1"] },
    happens: (client) => client.patch("/v1/links/link-1", { state: "down" }),
    unmet: [{ path: "assume.linksDown[0]", message: "link link-1 is up" }],
  },
  {
    name: "a link that goes to another",
    assume: { linkAssignments: [{ linkId: "link-1", rNodeId: "r-b" }] },
    happens: (client) => client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" }),
    unmet: [{ path: "assume.linkAssignments[0]", message: "link link-1 is held by r-a" }],
  },
  {
    name: "a process that joins, wherever",
    assume: { processesAdded: [{ id: "D", ...processD, weight: 2 }] },
    happens: (client) =>
      client.put("/v1/processes/D", { ...processD, weight: 2, storageServerId: "s-1" }),
    unmet: [{ path: "assume.processesAdded[0]", message: "process D is not registered" }],
  },
  {
    name: "a process that drains",
    assume: { processesDraining: ["C"] },
    happens: (client) => client.patch("/v1/processes/C", { state: "draining" }),
    unmet: [{ path: "assume.processesDraining[0]", message: "process C is active" }],
  },
  {
    name: "all at once",
    assume: {
      processesAdded: [{ id: "D", ...processD, storageServerId: "s-2" }],
      linksDown: ["link-1"],
      linkAssignments: [{ linkId: "link-2", rNodeId: "r-d" }],
      processesDraining: ["A"],
    },
    happens: async (client) => {
      await client.put("/v1/processes/D", { ...processD, storageServerId: "s-2" });
      await client.patch("/v1/links/link-1", { state: "down" });
      await client.put("/v1/link-assignments/link-2", { rNodeId: "r-d" });
      await client.patch("/v1/processes/A", { state: "draining" });
    },
    unmet: [
      { path: "assume.linksDown[0]", message: "link link-1 is up" },
      { path: "assume.linkAssignments[0]", message: "link link-2 is held by r-c" },
      { path: "assume.processesAdded[0]", message: "process D is not registered" },
      { path: "assume.processesDraining[0]", message: "process A is active" },
    ],
  },
];

describe("planning for a cluster that isn't there yet", () => {
  it.each(cases)(
    "$name: until it is so the plan is stale, then it is the one to apply",
    async ({ assume, happens, unmet }) => {
      const client = await startWorkedExample();
      const { status, body: plan, revision } = await whatIf(client, assume);
      expect([status, plan.state, plan.revision, revision]).toEqual([201, "planned", null, 1]);
      expect(plan.parameters.assume).toEqual(assume);
      expect((await client.get(`/v1/rebalances/${plan.id}`)).body).toEqual(plan);
      expect(await tableOf(client)).toEqual(ORIGINAL);

      for (const rebase of [false, true]) {
        const early = await apply(client, plan, { rebase });
        expect([early.status, early.body.code]).toEqual([409, "stale-plan"]);
        expect(early.body.errors).toEqual(unmet);
        const codes = early.body.changes.map((change: { code: string }) => change.code);
        expect(codes).toEqual(unmet.map(() => "assumption-not-met"));
        expect(early.body.replanned.sameMoves).toBe(true);
      }
      expect((await client.get("/v1/cluster")).body.revision).toBe(1);

      await happens(client);
      const direct = (await client.post("/v1/rebalances", { dryRun: true })).body;
      expect(direct.moves).toEqual(plan.moves);
      expect(direct.processes).toEqual(plan.processes);
      const applied = await apply(client, plan);
      expect([applied.status, applied.body.state]).toEqual([200, "applied"]);
      expect(applied.body.moves).toEqual(plan.moves);
    },
  );

  it("assumes a link that is down to be up and held", async () => {
    const client = await startWorkedExample();
    await client.put("/v1/links/link-3", { state: "down" });
    const down = await whatIf(client, { linkAssignments: [{ linkId: "link-3", rNodeId: "r-b" }] });
    expect([down.status, down.body.code]).toEqual([409, "link-down"]);
    expect(down.body.errors[0].path).toBe("assume.linkAssignments[0].linkId");
    const assume = {
      linksUp: ["link-3"],
      linkAssignments: [{ linkId: "link-3", rNodeId: "r-b" }],
    };
    const up = await whatIf(client, assume);
    expect([up.status, up.body.linkedProcessCount]).toEqual([200, 3]);
    // It would move nothing, but not even that may be relied on before all has come true.
    const early = await apply(client, up.body);
    expect([early.status, early.body.code]).toEqual([409, "stale-plan"]);
    await client.patch("/v1/links/link-3", { state: "up" });
    await client.put("/v1/link-assignments/link-3", { rNodeId: "r-b" });
    const late = await apply(client, up.body);
    expect([late.status, late.body]).toEqual([200, up.body]);
  });

  it("swaps links, and pairs processes that are only assumed", async () => {
    const client = await startWorkedExample();
    const swapped = await whatIf(client, {
      linkAssignments: [
        { linkId: "link-1", rNodeId: "r-c" },
        { linkId: "link-2", rNodeId: "r-a" },
      ],
    });
    expect([swapped.status, swapped.body.movedAddresses]).toEqual([201, 22]);
    const paired = await whatIf(
      client,
      { processesAdded: [{ id: "D", ...processD }] },
      { strategy: "pairwise", pairs: [{ linkedProcessId: "A", unlinkedProcessId: "D" }] },
    );
    expect(paired.status).toBe(201);
    expect(paired.body.moves).toEqual([
      expect.objectContaining({ fromCNodeId: "c-1", toCNodeId: "c-4" }),
    ]);
  });

  it("says of a rollback how it will stand then", async () => {
    const client = await startWorkedExample();
    const { body: plan } = await whatIf(client, { processesDraining: ["B"] });
    expect(plan.rollback).toEqual({
      possible: false,
      reason: "process B of C-node c-2 is draining",
    });
  });

  it("is stale for what else has changed, once its assumptions are true", async () => {
    const client = await startWorkedExample();
    const { body: plan } = await whatIf(client, { linksDown: ["link-1"] });
    await client.patch("/v1/processes/B", { weight: 2 });
    const early = await apply(client, plan);
    const codesOf = (answer: typeof early) =>
      answer.body.changes.map((change: { code: string }) => change.code);
    expect(codesOf(early)).toEqual(["assumption-not-met", "weight-changed"]);
    await client.patch("/v1/links/link-1", { state: "down" });
    const late = await apply(client, plan);
    expect([late.status, codesOf(late)]).toEqual([409, ["weight-changed"]]);
    expect(late.body.errors).toBeUndefined();
    expect((await apply(client, plan, { rebase: true })).status).toBe(200);
  });

  it.each([
    ["linksDown", ["none"], "unknown-link", "assume.linksDown[0]"],
    ["linksUp", ["link-1", "none"], "unknown-link", "assume.linksUp[1]"],
    ["processesDraining", ["none"], "unknown-process", "assume.processesDraining[0]"],
    [
      "linkAssignments",
      [{ linkId: "none", rNodeId: "r-b" }],
      "unknown-link",
      "assume.linkAssignments[0].linkId",
    ],
    [
      "linkAssignments",
      [{ linkId: "link-1", rNodeId: "none" }],
      "unknown-r-node",
      "assume.linkAssignments[0].rNodeId",
    ],
    [
      "processesAdded",
      [{ id: "D", ...processD, storageServerId: "none" }],
      "unknown-storage-server",
      "assume.processesAdded[0].storageServerId",
    ],
  ])("names what isn't there by its path: %s %j", async (part, value, code, path) => {
    const client = await startWorkedExample();
    const { status, body } = await whatIf(client, { [part]: value });
    expect([status, body.code, body.errors[0].path]).toEqual([422, code, path]);
    expect(body.correction).toEqual(expect.any(String));
  });

  it("goes only with a dry run, and is asked well", async () => {
    const client = await startWorkedExample();
    const assume = { linksDown: ["link-1"] };
    for (const body of [{ assume }, { assume, dryRun: false }]) {
      const refused = await client.post("/v1/rebalances", body);
      expect([refused.status, refused.body.errors[0].path]).toEqual([400, "assume"]);
    }
    for (const wrong of [
      { linksGone: ["link-1"] },
      { linksDown: [] },
      { linksDown: ["link-1", "link-1"] },
      { linksDown: null },
      { linkAssignments: [{ linkId: "link-1" }] },
      { processesAdded: [{ id: "D" }] },
    ]) {
      expect((await whatIf(client, wrong)).status).toBe(400);
    }
    const both = await whatIf(client, { linksDown: ["link-1"], linksUp: ["link-1"] });
    expect([both.status, both.body.code]).toEqual([422, "contradicting-assumptions"]);
    expect(both.body.errors[0].path).toBe("assume.linksUp[0]");
    const taken = await whatIf(client, {
      processesAdded: [{ id: "D", rNodeId: "r-a", cNodeId: "c-4" }],
    });
    expect([taken.status, taken.body.code]).toEqual([409, "node-id-taken"]);
    expect(taken.body.errors[0].path).toBe("assume.processesAdded[0].rNodeId");
  });
});
