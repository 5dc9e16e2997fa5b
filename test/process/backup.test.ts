import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { BackupDirectory } from "../../src/backup/directory.ts";
import { startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";

const KILLER = fileURLToPath(new URL("../support/kill-at.mjs", import.meta.url));
const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** The status of a backup, or `killed`. */
async function backUp(url: string): Promise<number | "killed"> {
  try {
    return (await fetch(`${url}/v1/backups`, { method: "POST" })).status;
  } catch (error) {
    // The connection broke.
    if (error instanceof TypeError) return "killed";
    throw error;
  }
}

/** Every file that looks like a backup has a checksum, and it is right. */
async function expectWhole(directory: string): Promise<number> {
  const names = readdirSync(directory).filter((name) => /^evenkeel.*\.db$/.test(name));
  const listed = await new BackupDirectory({ path: directory, clusterId: "x" }).list({ limit: 99 });
  expect(listed.map(({ name }) => name)).toEqual(names.sort());
  for (const { name, sha256 } of listed) {
    const content = readFileSync(join(directory, name));
    expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
  }
  return listed.length;
}

it("leaves nothing that looks like a backup when it is killed, at any step", async () => {
  const directory = temporaryDirectory();
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const environment = { DATABASE_URL, BACKUP_DIR: directory, NODE_OPTIONS: `--import=${KILLER}` };
  const kill = async (at: string) => {
    const program = await startProgram({ ...environment, KILL_AT: at });
    const outcome = await backUp(program.url);
    const before = await expectWhole(directory);
    await program.stop("SIGKILL");
    return { outcome, whole: before };
  };
  expect(await kill("integrity_check")).toEqual({ outcome: "killed", whole: 0 });
  const steps = [];
  for (let step = 1; steps.at(-1)?.outcome !== 201; step++) steps.push(await kill(String(step)));
  // From the last rename on it is there, though nobody was told.
  expect(steps.length).toBeGreaterThan(6);
  expect(steps.map(({ whole }) => whole)).toEqual([
    ...Array.from({ length: steps.length - 3 }, () => 0),
    ...[1, 2, 3],
  ]);
  expect(readdirSync(directory).filter((name) => name.includes("partial"))).toEqual([]);
});

/** The program with a file system of its own for the backups, of 64 KiB; needs user namespaces. */
async function startOnSmallDisk(directory: string) {
  const script = `mount -t tmpfs -o size=64k tmpfs "$BACKUP_DIR" && exec "$NODE" "${MAIN}"`;
  const child = spawn("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script], {
    env: {
      PATH: process.env.PATH,
      NODE: process.execPath,
      PORT: "0",
      BACKUP_DIR: directory,
      DATABASE_URL: `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout! })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    // As the program sees it, from outside its namespace.
    if (url) return { url, seen: join(`/proc/${child.pid}/root`, directory) };
  }
  return undefined;
}

it("answers 507 where the disk is full, leaves nothing, and the service goes on", async (context) => {
  const disk = await startOnSmallDisk(temporaryDirectory());
  if (!disk) return context.skip("this system gives no user namespaces");
  const answer = await fetch(`${disk.url}/v1/backups`, { method: "POST" });
  expect(answer.status).toBe(507);
  expect(await answer.json()).toMatchObject({ code: "store-full" });
  expect(readdirSync(disk.seen)).toEqual([]);
  const headers = { "content-type": "application/json" };
  const write = await fetch(`${disk.url}/v1/links/l`, { method: "PUT", headers, body: "{}" });
  expect(write.status).toBe(201);
  expect(await (await fetch(`${disk.url}/v1/backups`)).json()).toEqual({ items: [] });
});
