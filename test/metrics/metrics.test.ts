import { expect, it, onTestFinished } from "vitest";
import { readMetrics } from "../support/metrics.ts";
import { listen } from "../support/receiver.ts";
import {
  type Client,
  startService,
  startWorkedExample,
  workedExample,
} from "../support/service.ts";

const rebalance = (client: Client, query = "") =>
  client.callOverSocket("POST", `/v1/rebalances${query}`, { strategy: "proportional" });

it("tells the cluster as it is", async () => {
  const client = await startWorkedExample();
  await client.put("/v1/links/link-3", { state: "down" });
  const { headers } = await client.get("/metrics");
  expect(headers).toMatchObject({
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "cache-control": "no-store",
  });
  const before = await readMetrics(client);
  expect(Object.fromEntries(before)).toMatchObject({
    evenkeel_revision: 2,
    evenkeel_distributed_revision: 1,
    evenkeel_generation: 1,
    evenkeel_settled_revision: 1,
    evenkeel_imbalance_ratio: 1.205940594059406,
    evenkeel_links_assigned: 2,
    'evenkeel_links{state="up"}': 2,
    'evenkeel_links{state="down"}': 1,
    'evenkeel_storage_servers{state="behind"}': 3,
    'evenkeel_storage_servers{state="gone"}': 0,
    evenkeel_writes_waiting: 0,
    evenkeel_moved_addresses_total: 0,
  });
  expect(before.get('evenkeel_store_size_bytes{file="database"}')).toBeGreaterThan(0);
  expect(before.get('evenkeel_store_size_bytes{file="log"}')).toBeGreaterThan(0);
  await rebalance(client);
  expect(Object.fromEntries(await readMetrics(client))).toMatchObject({
    evenkeel_revision: 3,
    evenkeel_moved_addresses_total: 22,
    evenkeel_imbalance_ratio: 1.00990099009901,
    evenkeel_commit_duration_seconds_count: 3,
    evenkeel_commit_batch_revisions_count: 3,
    evenkeel_commit_batch_revisions_sum: 3,
  });
});

it("counts writes that share a transaction", async () => {
  const client = await startService();
  const ids = Array.from({ length: 20 }, (_, index) => `l-${index}`);
  await Promise.all(ids.map((id) => client.put(`/v1/links/${id}`, {})));
  const series = await readMetrics(client);
  expect(series.get("evenkeel_commit_batch_revisions_sum")).toBe(20);
  expect(series.get("evenkeel_commit_batch_revisions_count")).toBeLessThan(20);
  expect(series.get("evenkeel_commit_duration_seconds_count")).toBe(20);
});

it("tells pushes, and how long it took until everybody had a revision", async () => {
  const client = await startService();
  const { body } = await client.put("/v1/storage-servers/s-1", {});
  const server = await listen("s-1", body.signingSecret);
  onTestFinished(() => server.close());
  await client.put("/v1/storage-servers/s-1", { callbackUrl: server.url });
  await client.post("/v1/topology", {
    ...workedExample,
    storageServers: [{ id: "s-1" }],
    processes: workedExample.processes.map((each) => ({ ...each, storageServerId: "s-1" })),
  });
  expect((await rebalance(client, "?wait=converged")).status).toBe(201);
  const converged = await readMetrics(client);
  expect(converged.get("evenkeel_convergence_duration_seconds_count")).toBeGreaterThanOrEqual(1);
  expect(converged.get("evenkeel_unconverged_heads")).toBe(0);
  const applied = converged.get('evenkeel_pushes_total{kind="delta",answer="applied"}')!;
  expect(applied).toBeGreaterThanOrEqual(1);
  expect(converged.get('evenkeel_push_duration_seconds_count{kind="delta"}')).toBe(applied);
  const deltaBytes = server.receiver.log.filter(({ kind }) => kind === "delta");
  expect(converged.get('evenkeel_push_bytes_total{kind="delta"}')).toBe(
    deltaBytes.reduce((sum, update) => sum + JSON.stringify(update).length, 0),
  );
  expect(converged.get('evenkeel_storage_servers{state="current"}')).toBe(1);

  // What nobody is sent is on nobody's way.
  await client.put("/v1/links/l", { labels: { rack: "r" } });
  expect((await readMetrics(client)).get("evenkeel_unconverged_heads")).toBe(0);
  const refused = new Promise<void>((resolve) => {
    server.intercept = () => {
      resolve();
      return "hang";
    };
  });
  await client.put("/v1/volumes/v-2", { blockCount: 3 });
  await refused;
  expect((await readMetrics(client)).get("evenkeel_unconverged_heads")).toBe(1);
});

it("counts answers by the pattern of the route, never by the path", async () => {
  const client = await startWorkedExample();
  const answered = (method: string, route: string, status: number) =>
    `evenkeel_http_requests_total{method="${method}",route="${route}",status="${status}"}`;
  await client.get("/v1/processes/A");
  const before = await readMetrics(client);
  expect(before.get(answered("POST", "/v1/topology", 200))).toBe(1);
  for (let index = 0; index < 50; index++) {
    await client.get(`/v1/processes/A-${index}`);
    await client.get(`/v1/nothing/${index}`);
    await client.call("OPTIONS", `/v1/processes/${index}`);
  }
  expect(await client.raw("BREW /pot HTTP/1.1\r\n\r\n")).toContain("400 Bad Request");
  const after = await readMetrics(client);
  const counts = Object.fromEntries(after);
  expect(counts).toMatchObject({
    [answered("GET", "/v1/processes/:processId", 200)]: 1,
    [answered("GET", "/v1/processes/:processId", 404)]: 50,
    [answered("OPTIONS", "/v1/processes/:processId", 405)]: 50,
    [answered("none", "none", 404)]: 50,
    [answered("none", "none", 400)]: 1,
    [answered("GET", "/metrics", 200)]: 1,
  });
  expect(after.size - before.size).toBe(5);
});

it("has as many series for many storage servers as for one", async () => {
  const client = await startService();
  await client.put("/v1/storage-servers/s-0", {});
  await readMetrics(client);
  const before = await readMetrics(client);
  for (let index = 1; index < 20; index++) await client.put(`/v1/storage-servers/s-${index}`, {});
  expect((await readMetrics(client)).size).toBe(before.size);
});
