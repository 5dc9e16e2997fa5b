import { connect } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readMetrics } from "../support/metrics.ts";
import { open, until } from "../support/open-call.ts";
import {
  type Client,
  startService,
  startWorkedExample,
  temporaryDirectory,
} from "../support/service.ts";
import { bearer, tokensFile } from "../support/tokens.ts";

const environment = () => ({
  TOKENS_FILE: tokensFile(),
  DATABASE_URL: `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`,
});

const ask = (client: Client, query = "") =>
  client.get(`/v1/audit${query}`, bearer("operator")).then(({ body }) => body.items);

it("tells what was done, refused and denied, and nothing else, also after a restart", async () => {
  const own = environment();
  const client = await startService(own);
  await client.put("/v1/links/l?secret=1", {}, bearer("operator")).catch(() => undefined);
  await client.put("/v1/links/l", {}, bearer("operator"));
  await client.put("/v1/links/l", {}, bearer("operator"));
  await client.put("/v1/links/m", { state: "sideways" }, bearer("operator"));
  await client.put("/v1/links/m", {}, bearer("viewer"));
  await client.get("/v1/links/l", bearer("nobody"));
  await client.put("/%76%31/links/n", {}, bearer("viewer"));
  await client.get("/metrics", bearer("nobody"));
  await client.get("/v1/links/l", bearer("viewer"));
  await client.get("/v1/links/none", bearer("viewer"));
  await client.service.close();

  const again = await startService(own);
  const items = await ask(again);
  const [method, path] = ["PUT", "/v1/links/l"];
  const at = expect.any(String);
  const refused = { outcome: "refused", status: 400, code: "invalid-request" };
  // What took a revision is written at once, the rest a moment later.
  const byOutcome = (outcome: string) =>
    items.filter((item: { outcome: string }) => item.outcome === outcome);
  expect(byOutcome("committed")).toEqual([
    { at, actor: "the-operator", method, path, outcome: "committed", revision: 1 },
  ]);
  expect(byOutcome("done")).toEqual([
    { at, actor: "the-operator", method, path, outcome: "done", status: 200 },
  ]);
  expect(byOutcome("refused")).toEqual([
    { at, actor: "the-operator", method, path: "/v1/links/m", ...refused },
    { at, actor: "the-operator", method, path, ...refused },
  ]);
  expect(byOutcome("denied")).toEqual([
    {
      ...{ at, actor: "unknown", method: "GET", path: "/metrics", outcome: "denied" },
      ...{ status: 401, code: "unauthenticated" },
    },
    {
      ...{ at, actor: "the-viewer", method, path: "/%76%31/links/n", outcome: "denied" },
      ...{ status: 403, code: "forbidden" },
    },
    {
      ...{ at, actor: "unknown", method: "GET", path, outcome: "denied" },
      ...{ status: 401, code: "unauthenticated" },
    },
    {
      ...{ at, actor: "the-viewer", method, path: "/v1/links/m", outcome: "denied" },
      ...{ status: 403, code: "forbidden" },
    },
  ]);
  expect(items).toHaveLength(8);
  expect(JSON.stringify(items)).not.toContain("secret");
  const ofViewer = await ask(again, "?actor=the-viewer");
  expect(ofViewer.map((item: { code: string }) => item.code)).toEqual(["forbidden", "forbidden"]);
  const page = await again.get("/v1/audit?limit=4", bearer("operator"));
  const next = await ask(again, `?limit=4&pageToken=${page.body.nextPageToken}`);
  expect([...page.body.items, ...next]).toEqual(items);
});

it("is not for storage servers, and leaves heartbeats that change nothing out", async () => {
  const own = environment();
  const client = await startService(own);
  const { body } = await client.put("/v1/storage-servers/s", {}, bearer("operator"));
  const report = { generation: 0, revision: 0, digest: `xor-sha256:${"0".repeat(64)}` };
  const answer = await client.post("/v1/storage-servers/s/report", report, bearer(body.token));
  expect(answer.status).toBe(200);
  expect((await client.get("/v1/audit", bearer(body.token))).status).toBe(403);
  await client.service.close();
  const items = await ask(await startService(own));
  expect(items.map((item: { path: string }) => item.path).sort()).toEqual([
    "/v1/audit",
    "/v1/storage-servers/s",
  ]);
});

it("logs what was done for one who has gone before the answer", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const client = await startWorkedExample({ LOG_LEVEL: "info" }, undefined, {}, { log });
  const wait = open(client, "/v1/rebalances?wait=converged", {}, { method: "POST" });
  wait.call.end("{}");
  await until(async () => (await client.get("/v1/cluster")).revision === 2);
  wait.call.destroy();
  const told = () =>
    lines.filter(({ path, method }) => path === "/v1/rebalances" && method === "POST");
  await until(() => told().length > 0);
  expect(told()).toMatchObject([{ msg: "answered", actor: "local" }]);
});

it("logs what was done for one who went while the answer waited behind another", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const client = await startWorkedExample({ LOG_LEVEL: "info" }, undefined, {}, { log });
  const { hostname, port } = new URL(client.address);
  const socket = connect(Number(port), hostname);
  const pull = "/v1/storage-servers/s-1/updates?generation=1&after=1&waitSeconds=30";
  const put = "PUT /v1/links/new HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
  socket.write(`GET ${pull} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  socket.write(`${put}\r\ncontent-length: 2\r\n\r\n{}`);
  await until(async () => (await client.get("/v1/cluster")).revision === 2);
  socket.destroy();
  const told = () => lines.filter(({ path }) => path === "/v1/links/new");
  await until(() => told().length > 0);
  expect(told()).toMatchObject([{ msg: "answered", status: 201 }]);
});

it("counts a call that did not come as a whole once, as a broken one", async () => {
  const client = await startWorkedExample();
  const upload = open(client, "/v1/a2c/vol-1", { "content-length": 100 });
  upload.call.write('{"entr');
  const refused = async () =>
    [...(await readMetrics(client))].filter(
      ([name]) => name.startsWith("evenkeel_http_requests_total") && name.includes('status="400"'),
    );
  await until(async () => (await readMetrics(client)).get("evenkeel_http_requests_running") === 1);
  upload.call.destroy();
  await until(async () => (await refused()).length > 0);
  await until(async () => (await readMetrics(client)).get("evenkeel_http_requests_running") === 0);
  expect((await client.callOverSocket("GET", "/v1/cluster")).status).toBe(200);
  expect((await refused()).map(([, count]) => count)).toEqual([1]);
});

it("names who called in the revision, in the audit and in the log", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const own = environment();
  const client = await startService({ ...own, LOG_LEVEL: "info" }, undefined, {}, { log });
  const { body } = await client.put("/v1/storage-servers/s", {}, bearer("operator"));
  const process = { storageServerId: "s", rNodeId: "r", cNodeId: "c" };
  await client.put("/v1/processes/P", process, bearer("operator"));
  await client.put("/v1/links/l", {}, bearer("operator"));
  await client.put("/v1/link-assignments/l", { rNodeId: "r" }, bearer("operator"));
  const digest = `xor-sha256:${"0".repeat(64)}`;
  const report = { generation: 0, revision: 0, digest, links: [{ linkId: "l", state: "down" }] };
  await client.post("/v1/storage-servers/s/report", report, bearer(body.token));
  await client.post("/v1/storage-servers/s/rotate-token", undefined, bearer("admin"));

  const actors = [...Array(4).fill("the-operator"), "storage-server:s", "the-admin"];
  const { items } = (await client.get("/v1/revisions", bearer("viewer"))).body;
  expect(items.map((item: { actor: string }) => item.actor).reverse()).toEqual(actors);
  const audited = (await ask(client)).filter((item: { revision?: number }) => item.revision);
  expect(audited.map((item: { actor: string }) => item.actor).reverse()).toEqual(actors);
  const logged = lines.filter(({ msg, method }) => msg === "answered" && method !== "GET");
  expect(logged.map(({ actor }) => actor)).toEqual(actors);
  expect(logged.map(({ path }) => path)).toEqual(
    audited.map((item: { path: string }) => item.path).reverse(),
  );
});
