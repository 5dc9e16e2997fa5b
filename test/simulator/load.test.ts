/** The simulated source system on a real service: what is counted is what the model says. */
import { expect, it, onTestFinished } from "vitest";
import { FIGURE_4, type Layout, layoutOf } from "../../src/simulator/layout.ts";
import { type LoadOptions, type LoadResult, runLoad } from "../../src/simulator/load.ts";
import { ServiceCalls } from "../../src/simulator/service-calls.ts";
import { SourceSystem } from "../../src/simulator/source-system.ts";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";
import { type Client, realClock, startService, temporaryDirectory } from "../support/service.ts";

interface Stage {
  readonly client: Client;
  readonly service: ServiceCalls;
  readonly system: SourceSystem;
}

async function start(layout: Layout): Promise<Stage> {
  const client = await startService();
  const service = new ServiceCalls(client.address);
  const { fraction } = new Random(seed);
  const parts = { layout, service, directory: temporaryDirectory(), clock: realClock };
  const system = await SourceSystem.start({ ...parts, random: fraction });
  onTestFinished(() => system.close());
  await untilServing(system, await service.headRevision());
  return { client, service, system };
}

/** Each server reports until it knows that the head is settled. */
async function untilServing({ servers }: SourceSystem, head: number): Promise<void> {
  for (const { agent } of servers) {
    while (agent.position().settledRevision < head) await agent.report();
  }
}

const options = (more: Partial<LoadOptions> = {}): LoadOptions => ({
  ioCount: 3 * 101 * 100,
  concurrency: 96,
  replication: { mode: "synchronous" },
  costs: { routing: 0.02, dNode: 0.02, transmission: 1 },
  ...more,
});

/** Max over mean of I/O and replication work. */
function imbalanceOf({ processes }: LoadResult): number {
  const works = processes.map(({ work }) => work.cNode + work.replication);
  return (Math.max(...works) * works.length) / works.reduce((sum, work) => sum + work, 0);
}

it("counts what every node does, and replicates each write once", async () => {
  const { system } = await start(FIGURE_4);
  const result = runLoad(system, options());
  const passes = result.ioCount / 101;
  const work = Object.fromEntries(
    result.processes.map(({ process, work }) => [process.spec.id, work]),
  );
  expect([work.A!.cNode, work.B!.cNode, work.C!.cNode]).toEqual(
    [33, 34, 34].map((size) => size * passes),
  );
  expect(work.B!.replication).toBe(0);
  const written = (2 / 3) * result.ioCount;
  expect(work.A!.replication + work.C!.replication).toBeCloseTo(written, 6);
  expect([...system.target.received.values()].reduce((sum, count) => sum + count, 0)).toBe(written);
  expect(result.refusals).toBe(0);
  const routed = result.processes.reduce((sum, { work: { routing } }) => sum + routing, 0);
  expect(routed).toBeCloseTo(0.02 * result.ioCount, 6);
});

it("agrees with the model within 2 %, before and after, and gains throughput", async () => {
  const { client, service, system } = await start(FIGURE_4);
  await service.setReplicationCost(0.666667);
  const before = runLoad(system, options());
  const modelled = (await service.cluster()).imbalance;
  expect(Math.abs(imbalanceOf(before) / modelled - 1)).toBeLessThan(0.02);

  const { imbalance, movedAddresses, revision } = await service.rebalance("test");
  expect(movedAddresses).toBe(22);
  await untilServing(system, revision!);
  const after = runLoad(system, options());
  expect(Math.abs(imbalanceOf(after) / imbalance.after - 1)).toBeLessThan(0.02);
  expect(after.throughput / before.throughput).toBeGreaterThan(1.15);
  expect(after.writeLatency).toBeLessThan(before.writeLatency);
  expect((await client.get("/v1/cluster")).body.storageServers).toEqual({ current: 3 });
});

it("holds for a larger system, several processes on a server, several volumes", async () => {
  const { service, system } = await start(
    layoutOf({ servers: 4, processes: 12, links: 4, volumes: 3 }),
  );
  await service.setReplicationCost(0.333333);
  const costs = { routing: 0.02, dNode: 0.02, transmission: 0.5 };
  const load = options({ ioCount: 3 * system.addressCount * 40, costs });
  const before = runLoad(system, load);
  expect(Math.abs(imbalanceOf(before) / (await service.cluster()).imbalance - 1)).toBeLessThan(
    0.02,
  );
  const { imbalance, revision } = await service.rebalance("test");
  await untilServing(system, revision!);
  expect(Math.abs(imbalanceOf(runLoad(system, load)) / imbalance.after - 1)).toBeLessThan(0.02);
});

it("does not let hosts wait for the target in asynchronous replication", async () => {
  const { system } = await start(FIGURE_4);
  const waiting = runLoad(system, options({ concurrency: 3 }));
  const going = runLoad(
    system,
    options({ concurrency: 3, replication: { mode: "asynchronous", recoveryPointObjective: 200 } }),
  );
  // The way to the target and back alone is 5 units.
  expect(waiting.writeLatency).toBeGreaterThan(5);
  expect(going.writeLatency).toBeLessThan(waiting.writeLatency / 2);
  expect(going.recoveryPoint).toBeGreaterThan(200);
  const addresses = [...system.target.received.values()].reduce((sum, count) => sum + count, 0);
  // What is written twice between two recovery points goes out once; nothing is left behind.
  expect(addresses).toBeLessThan((2 / 3) * going.ioCount);
  expect(addresses).toBeGreaterThan(0);
});

it("a server that loses a link says so, and its C-nodes choose among the others", async () => {
  const { client, service, system } = await start(FIGURE_4);
  await system.servers.find(({ id }) => id === "s-3")!.loseLink("link-2" as never);
  expect((await client.get("/v1/links/link-2")).body).toMatchObject({
    state: "down",
    rNodeId: null,
  });
  await untilServing(system, await service.headRevision());
  const result = runLoad(system, options());
  const replicating = result.processes.filter(({ work }) => work.replication > 0);
  expect(replicating.map(({ process }) => process.spec.id)).toEqual(["A"]);
  await system.servers[0]!.agent.report();
  expect((await client.get("/v1/processes/A")).body.measuredLoad.rNodeLoad).toBeGreaterThan(0);
});
