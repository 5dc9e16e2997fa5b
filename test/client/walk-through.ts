/**
 * The README's walk through, by a client that was generated from openapi/openapi.json. That it
 * compiles proves the document's types; that it runs proves that the service keeps them.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, test } from "node:test";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";
import { type ServiceProcess, startService } from "./service-process.ts";

type TopologyPost = components["schemas"]["TopologyPost"];

const topology: TopologyPost = {
  storageServers: [{ id: "s-1" }, { id: "s-2" }, { id: "s-3" }],
  processes: [
    { id: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" },
    { id: "B", storageServerId: "s-2", rNodeId: "r-b", cNodeId: "c-2" },
    { id: "C", storageServerId: "s-3", rNodeId: "r-c", cNodeId: "c-3" },
  ],
  links: [{ id: "link-1" }, { id: "link-2" }],
  volumes: [
    {
      id: "vol-1",
      blockCount: 101,
      entries: [
        { firstLba: 0, lastLba: 32, cNodeId: "c-1" },
        { firstLba: 33, lastLba: 66, cNodeId: "c-2" },
        { firstLba: 67, lastLba: 100, cNodeId: "c-3" },
      ],
    },
  ],
  linkAssignments: [
    { linkId: "link-1", rNodeId: "r-a" },
    { linkId: "link-2", rNodeId: "r-c" },
  ],
};

let service: ServiceProcess;
let client: Client<paths>;

before(async () => {
  service = await startService();
  client = createClient<paths>({ baseUrl: service.url });
});
after(() => service.stop());

test("registers a cluster, and again without a change", async () => {
  const first = await client.POST("/v1/topology", { body: topology });
  equal(first.data?.revision, 1);
  deepEqual(
    first.data.created.storageServers.map(({ id }) => id),
    ["s-1", "s-2", "s-3"],
  );
  ok(first.data.created.storageServers.every(({ token }) => token.startsWith("evk_")));
  const second = await client.POST("/v1/topology", { body: topology });
  deepEqual([second.data?.changed, second.data?.unchanged], [0, 11]);
});

test("tells how uneven it is", async () => {
  const { data, response } = await client.GET("/v1/cluster");
  equal(response.headers.get("revision"), "1");
  deepEqual([data?.processCount, data?.linkedProcessCount, data?.spareLinks], [3, 2, 0]);
  equal(data?.imbalance.toFixed(3), "1.206");
});

test("splits an I/O between two C-nodes", async () => {
  const { data } = await client.GET("/v1/a2c/{volumeId}/lookup", {
    params: { path: { volumeId: "vol-1" }, query: { firstLba: 23, lastLba: 43 } },
  });
  deepEqual(data?.segments, [
    { firstLba: 23, lastLba: 32, cNodeId: "c-1", processId: "A", storageServerId: "s-1" },
    { firstLba: 33, lastLba: 43, cNodeId: "c-2", processId: "B", storageServerId: "s-2" },
  ]);
});

test("gives a third of what the linked processes have to the unlinked one, once", async () => {
  const first = await client.POST("/v1/rebalances", { body: { strategy: "proportional" } });
  equal(first.response.status, 201);
  equal(first.data?.state, "applied");
  equal(first.data.movedAddresses, 22);
  deepEqual(first.data.moves, [
    { volumeId: "vol-1", firstLba: 22, lastLba: 32, fromCNodeId: "c-1", toCNodeId: "c-2" },
    { volumeId: "vol-1", firstLba: 67, lastLba: 77, fromCNodeId: "c-3", toCNodeId: "c-2" },
  ]);
  const second = await client.POST("/v1/rebalances", { body: { strategy: "proportional" } });
  deepEqual([second.data?.id, second.data?.state], [null, "no-op"]);
  equal(second.data?.explanations[0]?.code, "would-not-improve");
  // The body may be left out: it is then an order of the default strategy.
  const settled = await client.POST("/v1/rebalances");
  equal(settled.data?.explanations[0]?.code, "already-balanced");
});

test("reads the table, and learns with its ETag that it has not changed", async () => {
  const { data, response } = await client.GET("/v1/a2c");
  // Lines only come to who asks for them.
  const { entries } = data as components["schemas"]["A2cTable"];
  deepEqual(
    entries.map(({ cNodeId, firstLba, lastLba }) => `${cNodeId}: ${firstLba}–${lastLba}`),
    ["c-1: 0–21", "c-2: 22–77", "c-3: 78–100"],
  );
  const tag = response.headers.get("etag") ?? "";
  const again = await client.GET("/v1/a2c", { params: { header: { "If-None-Match": tag } } });
  equal(again.response.status, 304);
});

test("tells who owned an address when", async () => {
  const { data } = await client.GET("/v1/a2c/{volumeId}/history", {
    params: { path: { volumeId: "vol-1" }, query: { lba: 25 } },
  });
  deepEqual(
    data?.items.map(({ cNodeId, fromRevision, toRevision }) => [cNodeId, fromRevision, toRevision]),
    [
      ["c-2", 2, null],
      ["c-1", 1, 2],
    ],
  );
});

test("is told a problem with its code", async () => {
  const { error } = await client.GET("/v1/volumes/{volumeId}", {
    params: { path: { volumeId: "none" } },
  });
  deepEqual([error?.status, error?.code], [404, "not-found"]);
});
