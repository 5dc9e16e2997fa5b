import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { BackupDirectory } from "../../src/backup/directory.ts";
import { startProgram, untilListening } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";
import { NO_SMALL_DISK, startOnSmallDisk } from "../support/small-disk.ts";

const KILLER = fileURLToPath(new URL("../support/kill-at.mjs", import.meta.url));

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

it("leaves nothing that looks like a backup when it is killed, at any step", {
  timeout: 120_000,
}, async () => {
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

it("answers 507 where the disk is full, leaves nothing, and the service goes on", async (context) => {
  const BACKUP_DIR = temporaryDirectory();
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const environment = { BACKUP_DIR, DATABASE_URL };
  const disk = startOnSmallDisk(BACKUP_DIR, { bytes: 64 * 1024, environment });
  if (!disk) return context.skip(NO_SMALL_DISK);
  const { url, pid } = await untilListening(disk.running);
  const answer = await fetch(`${url}/v1/backups`, { method: "POST" });
  expect(answer.status).toBe(507);
  expect(await answer.json()).toMatchObject({ code: "store-full" });
  expect(readdirSync(disk.seen(pid, ""))).toEqual([]);
  const headers = { "content-type": "application/json" };
  const write = await fetch(`${url}/v1/links/l`, { method: "PUT", headers, body: "{}" });
  expect(write.status).toBe(201);
  expect(await (await fetch(`${url}/v1/backups`)).json()).toEqual({ items: [] });
});
