/** SIGTERM, whatever is under way: exit 0, which the program only does within its ten seconds. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { follow } from "../support/events.ts";
import { seriesOf } from "../support/metrics.ts";
import { until } from "../support/open-call.ts";
import { type Program, startProgram } from "../support/program.ts";
import { listen } from "../support/receiver.ts";
import { temporaryDirectory, workedExample } from "../support/service.ts";

const WRITERS = 16;
const RANGES = 100_000;
const CONVERGED = "/v1/rebalances?wait=converged&timeoutSeconds=300";
const ENDED_WELL = { code: 0, signal: null };

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  readonly body: any;
}

async function call(
  { url }: Pick<Program, "url">,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = String(answer.headers.get("content-type")).includes("json");
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** The answer, or nothing where the connection broke. */
const answerOrBroken = (answer: Promise<Answered>) =>
  answer.catch((error: unknown) => {
    if (error instanceof TypeError) return undefined;
    throw error;
  });

/** Writes until the program is gone, also what is pushed; tells what was acknowledged. */
async function write(program: Program, own: number, acknowledged: string[]): Promise<void> {
  for (let number = 0; ; number++) {
    const id = `w-${own}-${number}`;
    const [path, body] =
      number % 4 === 3 ? [`/v1/volumes/${id}`, { blockCount: 64 }] : [`/v1/links/${id}`, {}];
    const answer = await answerOrBroken(call(program, "PUT", path, { body }));
    if (!answer) return;
    if (answer.status === 201) acknowledged.push(path);
    else {
      expect([answer.status, answer.body.code]).toEqual([503, "closing"]);
      expect(answer.headers.get("retry-after")).toBe("1");
      return;
    }
  }
}

function dial({ url }: Program, bytes: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return once(socket, "connect");
}

/** The program with three storage servers that have the tables; the third hangs from now on. */
async function startCluster() {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const program = await startProgram({ DATABASE_URL });
  const receivers = await Promise.all(
    ["s-1", "s-2", "s-3"].map(async (id) => {
      const path = `/v1/storage-servers/${id}`;
      const { body } = await call(program, "PUT", path, { body: {} });
      const receiver = await listen(id, body.signingSecret);
      onTestFinished(() => receiver.close());
      await call(program, "PUT", path, { body: { callbackUrl: receiver.url } });
      return receiver;
    }),
  );
  const { processes, links, volumes, linkAssignments } = workedExample;
  const example = { processes, links, volumes, linkAssignments };
  await call(program, "POST", "/v1/topology", { body: example });
  expect((await call(program, "POST", CONVERGED, { body: {} })).status).toBeLessThan(300);
  const third = receivers[2]!;
  const hanging = new Promise<void>((resolve) => {
    third.intercept = ({ kind }) => {
      if (kind === "settled") return "apply";
      resolve();
      return "hang";
    };
  });
  return { DATABASE_URL, program, receivers, third, hanging };
}

it("loses no write that was acknowledged, and pushes go on afterwards", async () => {
  const cluster = await startCluster();
  const { DATABASE_URL, receivers, third, hanging } = cluster;
  const acknowledged: string[] = [];
  const writers = Array.from({ length: WRITERS }, (_, own) =>
    write(cluster.program, own, acknowledged),
  );
  await hanging;
  await until(() => acknowledged.length >= 100);
  expect(await cluster.program.stop("SIGTERM")).toEqual(ENDED_WELL);
  await Promise.all(writers);

  third.intercept = () => "apply";
  const program = await startProgram({ DATABASE_URL });
  for (const path of acknowledged) expect((await call(program, "GET", path)).status).toBe(200);
  const { generation, revision, digest } = (await call(program, "GET", "/v1/a2c")).body;
  expect(generation).toBe(1);
  await until(async () => {
    const { body } = await call(program, "GET", `/v1/revisions/${revision}/delivery`);
    return body.acked === 3;
  });
  expect(receivers.map(({ receiver }) => receiver.digest)).toEqual([digest, digest, digest]);
});

it("answers those who wait on purpose, and waits for nobody who is slow", async () => {
  const { DATABASE_URL, program, hanging } = await startCluster();
  const body = { strategy: "proportional", force: true };
  const waiting = call(program, "POST", CONVERGED, { body });
  await hanging;
  const { generation, revision } = (await call(program, "GET", "/v1/a2c")).body;
  const puller = "/v1/storage-servers/s-4";
  await call(program, "PUT", puller, { body: {} });
  const position = `generation=${generation}&after=${revision}&waitSeconds=60`;
  const pulling = call(program, "GET", `${puller}/updates?${position}`);
  await until(async () => (await call(program, "GET", puller)).body.lastSeenAt !== undefined);
  const follower = await follow(program.url);
  await follower.next(1);
  await dial(program, "GET /v1/clus");
  const slow = "host: x\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n{";
  await dial(program, `PUT /v1/links/slow HTTP/1.1\r\n${slow}`);
  await dial(program, `PUT /v1/a2c/vol-1 HTTP/1.1\r\nif-match: *\r\n${slow}`);

  expect(await program.stop("SIGTERM")).toEqual(ENDED_WELL);
  expect((await waiting).status).toBe(202);
  expect((await pulling).status).toBe(204);
  expect(await follower.ended()).toBe(true);
  const again = await startProgram({ DATABASE_URL });
  expect((await call(again, "GET", "/v1/links/slow")).status).toBe(404);
  expect((await call(again, "GET", "/v1/a2c")).body).toMatchObject({ generation, revision });
});

it("ends beside a plan, a large change and a backup that are under way", async () => {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const BACKUP_DIR = temporaryDirectory();
  let program = await startProgram({ DATABASE_URL, BACKUP_DIR });
  const owners = (shift: number) =>
    Array.from({ length: RANGES }, (_, lba) => ({
      ...{ firstLba: lba, lastLba: lba, cNodeId: `c-${1 + ((lba + shift) % 3)}` },
    }));
  const volumes = [{ id: "big", blockCount: RANGES, entries: owners(0) }];
  const topology = { ...workedExample, volumes };
  expect((await call(program, "POST", "/v1/topology", { body: topology })).status).toBe(200);

  const agent = new Agent({ keepAlive: false });
  const headers = { "content-type": "application/json", "if-match": "*" };
  const change = request(`${program.url}/v1/a2c/big`, { method: "PUT", headers, agent });
  const changed = new Promise<number | undefined>((resolve) => {
    change.once("response", (response) => resolve(response.resume().statusCode));
    change.once("error", () => resolve(undefined));
  });
  const map = Buffer.from(JSON.stringify({ entries: owners(1) }));
  change.write(map.subarray(0, -1));
  const backup = answerOrBroken(call(program, "POST", "/v1/backups"));
  const plan = answerOrBroken(call(program, "POST", "/v1/rebalances", { body: { dryRun: true } }));
  await until(async () => {
    const { body } = await call(program, "GET", "/metrics");
    return (seriesOf(body).get("evenkeel_http_requests_running") ?? 0) >= 2;
  });
  await new Promise((resolve) => change.end(map.subarray(-1), () => resolve(undefined)));

  expect(await program.stop("SIGTERM")).toEqual(ENDED_WELL);
  const [changedStatus, backedUp, planned] = await Promise.all([changed, backup, plan]);
  expect([200, 503, undefined]).toContain(changedStatus);
  expect([201, 503, undefined]).toContain(backedUp?.status);
  expect([201, 503, undefined]).toContain(planned?.status);

  program = await startProgram({ DATABASE_URL, BACKUP_DIR });
  const { body } = await call(program, "GET", "/v1/a2c");
  expect(body.entries).toHaveLength(RANGES);
  const { cNodeId } = body.entries[0];
  if (changedStatus === 200) expect(cNodeId).toBe("c-2");
  else expect(["c-1", "c-2"]).toContain(cNodeId);
  if (planned?.status === 201) {
    expect((await call(program, "GET", `/v1/rebalances/${planned.body.id}`)).status).toBe(200);
  }
  const { body: backups } = await call(program, "GET", "/v1/backups");
  expect(backups.items).toHaveLength(backedUp?.status === 201 ? 1 : backups.items.length);
  expect(readdirSync(BACKUP_DIR).filter((name) => name.includes("partial"))).toEqual([]);
});
