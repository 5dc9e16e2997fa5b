/** The reference receiver on a whole service, over real sockets. */
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import { addAgent, type TestAgent, untilServer } from "../support/agents.ts";
import { lastingPort } from "../support/lasting-port.ts";
import {
  type Client,
  realClock,
  startService,
  temporaryDirectory,
  workedExample,
} from "../support/service.ts";

const IDS = ["s-1", "s-2", "s-3"];
const VOLUME = "vol-1" as VolumeId;
const C1 = "c-1" as CNodeId;
const C2 = "c-2" as CNodeId;
const run = (firstLba: number, lastLba = firstLba) => ({ volumeId: VOLUME, firstLba, lastLba });

async function startCluster(settings = {}): Promise<{ client: Client; agents: TestAgent[] }> {
  const client = await startService();
  const agents = await Promise.all(IDS.map((id) => addAgent(client, id, settings)));
  const { processes, links, volumes, linkAssignments } = workedExample;
  await client.post("/v1/topology", { processes, links, volumes, linkAssignments });
  const head = (await client.get("/v1/a2c")).body.revision;
  await Promise.all(agents.map((a) => a.until(({ settledRevision }) => settledRevision >= head)));
  return { client, agents };
}

/** Moves 11 addresses of c-1 and of c-3 to c-2, and waits until everybody has heard that. */
async function rebalance(client: Client, agents: readonly TestAgent[]): Promise<number> {
  const { body } = await client.post("/v1/rebalances", { strategy: "proportional" });
  expect(body.state).toBe("applied");
  const { revision } = body;
  await Promise.all(
    agents.map((a) => a.until(({ settledRevision }) => settledRevision >= revision)),
  );
  return revision;
}

async function expectHead(client: Client, { agent }: TestAgent): Promise<void> {
  const { generation, revision, digest } = (await client.get("/v1/a2c")).body;
  expect(agent.position()).toMatchObject({ generation, revision, digest });
}

describe.each([{ pulls: false }, { pulls: true }])("a server, pulls: $pulls", (settings) => {
  it("ends with the head, and serves what it owns by it", async () => {
    const { client, agents } = await startCluster(settings);
    await rebalance(client, agents);
    const [first, second] = agents as [TestAgent, TestAgent, TestAgent];
    for (const each of agents) await expectHead(client, each);
    expect(first.agent.admit(C1, run(0, 21))).toEqual({ kind: "serve" });
    expect(first.agent.admit(C1, run(20, 30))).toEqual({ kind: "not-owner", lba: 22 });
    expect(second.agent.admit(C2, run(22, 77))).toEqual({ kind: "serve" });
    expect(first.agent.admit(C2, run(40))).toEqual({ kind: "not-owner", lba: 40 });
    expect(first.warnings).toEqual([]);
    await untilServer(client, "s-2", ({ delivery }) => delivery.state === "current");
  });

  it("goes on from its file", async () => {
    const { client, agents } = await startCluster(settings);
    const before = agents[1]!;
    await before.stop();
    const { body } = await client.post("/v1/rebalances", { strategy: "proportional" });
    const again = await before.restart();
    await again.until(({ settledRevision }) => settledRevision >= body.revision);
    await expectHead(client, again);
    const third = await again.restart();
    expect(third.agent.position()).toEqual(again.agent.position());
    expect(third.agent.admit(C2, run(22, 77))).toEqual({ kind: "serve" });
    expect(third.warnings).toEqual([]);
  });
});

it("splits an I/O by the table (¶41), and finds who hosts a part", async () => {
  const { agents } = await startCluster();
  const { agent } = agents[2]!;
  expect(agent.split(run(23, 43))).toEqual([
    { firstLba: 23, lastLba: 32, cNodeId: "c-1" },
    { firstLba: 33, lastLba: 43, cNodeId: "c-2" },
  ]);
  expect(agent.locate(C1)).toMatchObject({ processId: "A", storageServerId: "s-1" });
  expect(agent.locate("c-9" as CNodeId)).toBeUndefined();
  expect(agent.split(run(90, 101))).toEqual([]);
  expect(agent.split({ ...run(0), volumeId: "none" as VolumeId })).toEqual([]);
});

it("chooses uniformly among the linked R-nodes (¶44)", async () => {
  const { agents } = await startCluster();
  const chosen = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    const { rNodeId } = agents[1]!.agent.chooseLink()!;
    chosen.set(rNodeId, (chosen.get(rNodeId) ?? 0) + 1);
  }
  // Half of each, within five standard deviations.
  expect([...chosen.keys()].sort()).toEqual(["r-a", "r-c"]);
  expect(Math.abs(chosen.get("r-a")! - 5000)).toBeLessThan(250);
});

it.each([{ pulls: false }, { pulls: true }])(
  "fetches a snapshot that is too large to be sent, pulls: $pulls",
  async (settings) => {
    const client = await startService();
    const { processes, storageServers } = workedExample;
    await client.post("/v1/topology", { processes, storageServers });
    const entries = Array.from({ length: 20_000 }, (_, lba) => ({
      ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` },
    }));
    const { status } = await client.put("/v1/volumes/vol-1", { blockCount: 20_000, entries });
    expect(status).toBe(201);
    const late = await addAgent(client, "s-4", settings);
    const head = (await client.get("/v1/a2c")).body.revision;
    await late.until(({ settledRevision }) => settledRevision >= head);
    await expectHead(client, late);
    expect(late.agent.split(run(19_997, 19_999))).toHaveLength(3);
    expect(late.warnings).toEqual([]);
    await untilServer(client, "s-4", ({ delivery }) => delivery.state === "current");
    const again = await late.restart();
    expect(again.agent.position()).toEqual(late.agent.position());
  },
);

it("waits its turn where too many fetch a snapshot, and does not call that a failure", async () => {
  const client = await startService({}, undefined, { snapshotReadsMax: 1 });
  const { processes, storageServers } = workedExample;
  await client.post("/v1/topology", { processes, storageServers });
  const entries = Array.from({ length: 20_000 }, (_, lba) => ({
    ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + (lba % 3)}` },
  }));
  await client.put("/v1/volumes/vol-1", { blockCount: 20_000, entries });
  // What is asked for in seconds is waited for in hundredths.
  const clock = {
    ...realClock,
    after: (ms: number, run: () => void) => realClock.after(ms / 100, run),
  };
  const late = await Promise.all(
    Array.from({ length: 8 }, (_, i) => addAgent(client, `late-${i}`, { pulls: true, clock })),
  );
  const head = (await client.get("/v1/a2c")).body.revision;
  await Promise.all(late.map((each) => each.until(({ revision }) => revision >= head)));
  expect(late.flatMap(({ warnings }) => warnings)).toEqual([]);
});

it("lets in only what is signed", async () => {
  const { agents } = await startCluster();
  const { agent, warnings } = agents[0]!;
  const before = agent.position();
  const message = { type: "tables.update", clusterId: "x", generation: 9, kind: "settled" };
  const body = Buffer.from(JSON.stringify({ ...message, revision: 9, settledRevision: 9 }));
  expect((await agent.receive({ headers: {}, body })).status).toBe(401);
  expect(warnings.join()).toMatch(/not let in/);
  expect(agent.position()).toEqual(before);
});

describe("what a gainer may serve", () => {
  it("is refused until the loser has acknowledged", async () => {
    const { client, agents } = await startCluster();
    const [loser, gainer] = agents as [TestAgent, TestAgent, TestAgent];
    await loser.stop();
    const { body } = await client.post("/v1/rebalances", { strategy: "proportional" });
    await gainer.until(({ revision }) => revision === body.revision);
    await gainer.agent.report();
    expect(gainer.agent.admit(C2, run(33, 66))).toEqual({ kind: "serve" });
    expect(gainer.agent.admit(C2, run(30, 40))).toEqual({
      ...{ kind: "not-settled", lba: 30, revision: body.revision },
    });
    expect((await client.get("/v1/storage-servers/s-1")).body.delivery).toMatchObject({
      unsettledRevision: body.revision,
    });
    await loser.restart();
    await gainer.until((_, agent) => agent.admit(C2, run(30, 40)).kind === "serve");
  });

  it("is free when the loser is fenced", async () => {
    const { client, agents } = await startCluster();
    const [loser, gainer] = agents as [TestAgent, TestAgent, TestAgent];
    await loser.stop();
    await client.post("/v1/rebalances", { strategy: "proportional" });
    expect((await client.post("/v1/storage-servers/s-1/fence")).status).toBe(200);
    await gainer.until((_, agent) => agent.admit(C2, run(22, 77)).kind === "serve");
  });
});

describe("a server that was away", () => {
  it("for 10,000 revisions ends at the head", async () => {
    const { client, agents } = await startCluster();
    const away = agents[1]!;
    await away.stop();
    const writers = Array.from({ length: 50 }, async (_, writer) => {
      for (let i = 0; i < 100; i++) {
        const url = `/v1/volumes/v-${writer}-${i % 3}`;
        const { etag } = (await client.put(url, { blockCount: 8 })).headers;
        await client.delete(url, { "if-match": String(etag) });
      }
    });
    await Promise.all(writers);
    await client.post("/v1/rebalances", { strategy: "proportional" });
    const head = (await client.get("/v1/a2c")).body.revision;
    const again = await away.restart();
    expect(head).toBeGreaterThan(10_000);
    await again.until(({ settledRevision }) => settledRevision >= head);
    await expectHead(client, again);
    const { delivery } = await untilServer(client, "s-2", (s) => s.delivery.state === "current");
    expect(delivery).toMatchObject({ lag: 0, consecutiveFailures: 0 });
    expect(again.warnings).toEqual([]);
  });

  const damages: Record<string, (file: string) => void> = {
    "cut short": (file) => truncateSync(file, readFileSync(file).length - 7),
    empty: (file) => writeFileSync(file, ""),
    "with a flipped bit": (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(file, bytes);
    },
    "of something else": (file) => writeFileSync(file, '{"tables": []}\n'),
  };
  it.each(Object.keys(damages))("whose file is %s says so and begins anew", async (damage) => {
    const { client, agents } = await startCluster();
    const [, away, other] = agents as [TestAgent, TestAgent, TestAgent];
    await away.stop();
    damages[damage]!(away.stateFile);
    // Nothing of what it owns may be served before the others have heard of it.
    await other.stop();
    await client.put("/v1/volumes/vol-2", { blockCount: 3 });
    await client.post("/v1/rebalances", { strategy: "proportional" });
    const again = await away.restart();
    expect(again.warnings[0]).toMatch(/^the state file is damaged: beginning anew/);
    const head = (await client.get("/v1/a2c")).body.revision;
    await again.until(({ revision }) => revision === head);
    expect(again.agent.admit(C2, run(40)).kind).toBe("not-settled");
    await other.restart();
    await again.until(({ settledRevision }) => settledRevision >= head);
    expect(again.agent.admit(C2, run(22, 77)).kind).toBe("serve");
    await expectHead(client, again);
    expect((await untilServer(client, "s-2", (s) => s.delivery.lag === 0)).delivery.state).toBe(
      "current",
    );
  });

  it("whose file is from the future is ahead, until a new generation begins", async () => {
    const file = join(temporaryDirectory(), "evenkeel.db");
    const environment = { DATABASE_URL: `sqlite:${file}`, PORT: await lastingPort() };
    const before = await startService(environment);
    const known = await addAgent(before, "s-2");
    const process = (name: string) => ({
      ...{ storageServerId: "s-2", rNodeId: `r-${name}`, cNodeId: `c-${name}` },
    });
    await before.put("/v1/processes/A", process("a"));
    await known.until((position) => position.revision > 0);
    await before.service.close();
    copyFileSync(file, `${file}.copy`);

    const between = await startService(environment);
    await between.put("/v1/processes/B", process("b"));
    const { revision } = (await between.get("/v1/a2c")).body;
    await known.until((position) => position.revision === revision);
    await known.stop();
    await between.service.close();

    // An operator puts the copy back, and the service has lost what came since.
    copyFileSync(`${file}.copy`, file);
    const client = await startService(environment);
    const ahead = await known.restart(client);
    const { delivery } = await untilServer(client, "s-2", (s) => s.delivery.state === "ahead");
    expect(delivery.ackedRevision).toBe(revision);
    expect(delivery.lastError).toBe(`has revision ${revision}, more than the head`);
    expect(ahead.warnings.join()).toMatch(/ahead of the service/);
    const retried = await client.post("/v1/storage-servers/s-2/retry");
    expect([retried.status, retried.body.code]).toEqual([409, "storage-server-ahead"]);
    expect((await client.get("/v1/cluster")).body.storageServers).toEqual({ ahead: 1 });

    const begun = await client.post("/v1/generation", { reason: "restored" });
    expect(begun.status).toBe(200);
    await ahead.until(({ generation }) => generation === begun.body.generation);
    await expectHead(client, ahead);
    await untilServer(client, "s-2", (s) => s.delivery.state === "current");
  });
});
