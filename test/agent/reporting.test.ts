/** When an agent reports, by a clock that the test winds. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createAgent } from "../../src/agent/agent.ts";
import type { LinkId, ProcessId, StorageServerId } from "../../src/core/model.ts";
import { ManualClock } from "../push/manual-clock.ts";
import { temporaryDirectory } from "../support/service.ts";

const ANSWER = { generation: 1, revision: 0, settledRevision: 0, upToDate: false };

/** A service that takes reports, or fails them. */
async function listen() {
  const reports: Record<string, unknown>[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const service = { failing: false };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    reports.push({ path: request.url, token: request.headers.authorization, ...JSON.parse(text) });
    response.writeHead(service.failing ? 503 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(ANSWER));
    for (const { count, resolve } of waiting) if (reports.length >= count) resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ count, resolve });
      if (reports.length >= count) resolve();
    });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { service, reports, until, url };
}

async function start(serviceUrl: string) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const agent = createAgent({
    ...{ storageServerId: "s-1" as StorageServerId, serviceUrl, token: "evk_token" },
    ...{ signingSecrets: [], stateFile: join(temporaryDirectory(), "tables"), clock },
    random: () => 0.5,
    links: () => [{ linkId: "link-1" as LinkId, state: "up" }],
    processes: () => [{ processId: "A" as ProcessId, cNodeLoad: 2, rNodeLoad: 1 }],
    onWarning: (message) => warnings.push(message),
  });
  onTestFinished(() => agent.close());
  await agent.start();
  return { agent, clock, warnings };
}

it("reports at the start and every 30 s, with health and load", async () => {
  const { reports, until, url } = await listen();
  const { clock } = await start(url);
  expect(reports).toEqual([
    {
      ...{ path: "/v1/storage-servers/s-1/report", token: "Bearer evk_token" },
      ...{ generation: 0, revision: 0, digest: `xor-sha256:${"0".repeat(64)}` },
      links: [{ linkId: "link-1", state: "up" }],
      processes: [{ processId: "A", cNodeLoad: 2, rNodeLoad: 1 }],
    },
  ]);
  await clock.advance(29_999);
  expect(reports).toHaveLength(1);
  await clock.advance(1);
  await until(2);
});

it("tries again sooner after a failure, and says so once", async () => {
  const { service, reports, until, url } = await listen();
  service.failing = true;
  const { agent, clock, warnings } = await start(url);
  expect(reports).toHaveLength(1);
  // Half of 1 s, of 2 s, of 4 s: the jitter is always a half here.
  for (const [count, delayMs] of [500, 1000, 2000].entries()) {
    await clock.advance(delayMs - 1);
    expect(reports).toHaveLength(count + 1);
    await clock.advance(1);
    await until(count + 2);
    await clock.whenWaiting();
  }
  expect(warnings).toEqual(["cannot report"]);
  await agent.close();
});
