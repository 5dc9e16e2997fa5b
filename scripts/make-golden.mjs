/**
 * Makes a golden database: one that a release has written, for test/upgrade to migrate.
 *
 *   npm run build && node scripts/make-golden.mjs test/fixtures/databases
 *   PROGRAM=<checkout of an older release>/dist/main.js node scripts/make-golden.mjs <directory>
 *
 * Starts the program on a new store, drives it over HTTP, notes what it answers, ends it with
 * SIGTERM, and writes `schema-<n>.db.gz` and the answers, `schema-<n>.json`. What an older release
 * does not have (400, 404, 405) is left out. To be run at each release that has a new schema; what is
 * there already is never made anew, since that is what somebody's store looks like.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import Database from "better-sqlite3";

const READ = [
  "/v1/cluster",
  "/v1/storage-servers",
  "/v1/processes",
  "/v1/links",
  "/v1/volumes",
  "/v1/a2c",
  "/v1/a2c?revision=2",
  "/v1/link-assignments",
  "/v1/a2c/vol-1/history?lba=25",
  "/v1/revisions",
  "/v1/revisions/2",
  "/v1/rebalances",
];

const [directory] = process.argv.slice(2);
const main = process.env.PROGRAM ?? fileURLToPath(new URL("../dist/main.js", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "evenkeel-golden-"));
try {
  const file = join(temporary, "evenkeel.db");
  const { child, url } = await start(file);
  const call = callerOf(url);
  await fill(call);
  const answers = {};
  for (const path of READ) await note(call, path, answers);
  for (const { id } of answers["/v1/rebalances"].items) {
    await note(call, `/v1/rebalances/${id}`, answers);
    await note(call, `/v1/rebalances/${id}/moves`, answers);
  }
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  const database = new Database(file);
  database.exec("VACUUM");
  const schema = database.pragma("user_version", { simple: true });
  database.close();
  const name = join(directory, `schema-${schema}`);
  const madeAt = new Date().toISOString();
  writeFileSync(`${name}.db.gz`, gzipSync(readFileSync(file), { level: 9 }), { flag: "wx" });
  writeFileSync(`${name}.json`, `${JSON.stringify({ madeAt, answers }, null, 2)}\n`);
} finally {
  rmSync(temporary, { recursive: true });
}

async function start(file) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: "0", DATABASE_URL: `sqlite:${file}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url) return { child, url };
  }
  throw new Error("the program has ended");
}

function callerOf(url) {
  return async (method, path, body) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.status >= 400 && ![400, 404, 405].includes(answer.status)) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
}

async function note(call, path, answers) {
  const { status, body } = await call("GET", path);
  if (status === 200) answers[path] = body;
}

/** Three processes, links, volumes, and rebalances in every state that the release knows. */
async function fill(call) {
  await call("POST", "/v1/topology", {
    storageServers: [
      { id: "s-1", labels: { rack: "1" } },
      { id: "s-2" },
      { id: "s-3", callbackUrl: "http://127.0.0.1:9/tables" },
    ],
    processes: [
      { id: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1", weight: 1.5 },
      { id: "B", storageServerId: "s-2", rNodeId: "r-b", cNodeId: "c-2", dNodeId: "d-2" },
      { id: "C", storageServerId: "s-3", rNodeId: "r-c", cNodeId: "c-3" },
    ],
    links: [
      { id: "link-1", remoteAddress: "203.0.113.10", remotePort: 3260 },
      { id: "link-2", labels: { carrier: "x" } },
      { id: "link-3" },
    ],
    volumes: [
      { id: "vol-1", blockCount: 101 },
      { id: "vol-2", blockCount: 4096, extentBlocks: 8 },
    ],
    linkAssignments: [
      { linkId: "link-1", rNodeId: "r-a" },
      { linkId: "link-2", rNodeId: "r-c" },
    ],
  });
  await call("POST", "/v1/rebalances", { strategy: "proportional", reason: "golden" });
  await call("PATCH", "/v1/cluster", { settings: { replicationCost: 0.5 } });
  const applied = await call("POST", "/v1/rebalances", { strategy: "equalize" });
  await call("POST", `/v1/rebalances/${applied.body.id}/rollback`);
  await call("PATCH", "/v1/links/link-2", { state: "down" });
  await call("POST", "/v1/rebalances", { dryRun: true });
  await call("POST", "/v1/storage-servers/s-2/rotate-secret");
  await call("PUT", "/v1/volumes/vol-3", { blockCount: 10 });
  const { body } = await call("GET", "/v1/cluster");
  await call("POST", "/v1/storage-servers/s-1/report", {
    ...{ generation: body.generation, revision: 0, digest: `xor-sha256:${"0".repeat(64)}` },
    processes: [{ processId: "A", cNodeLoad: 12.5, rNodeLoad: 3 }],
  });
  await call("GET", "/v1/processes/none");
  await call("DELETE", "/v1/processes/none");
}
