import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { fillDatabase } from "../../src/store/postgres/fill.ts";
import { openWholeStore } from "../../src/store/sqlite/whole.ts";
import { startProxy } from "../store/postgres-proxy.ts";
import { newSchema, POSTGRES_URL } from "../support/postgres.ts";
import { type Client, startService, temporaryDirectory } from "../support/service.ts";
import { goldens, unpack } from "../upgrade/goldens.ts";

const MAIN = fileURLToPath(new URL("../../dist/migrate-store/main.js", import.meta.url));

async function runMigration(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (output.stdout += data));
  child.stderr.on("data", (data) => (output.stderr += data));
  const [code] = await once(child, "close");
  return { code, ...output };
}

async function emptySchema() {
  const schema = await newSchema();
  onTestFinished(schema.remove);
  return schema;
}

/** What a release has left: history, plans, delivery state and audit. */
const someStore = () => unpack(goldens.at(-1)!);

/** What can be read of revisions that both have, but how far it is delivered. */
async function readAll(client: Client, head: number) {
  const read: Record<string, unknown> = {};
  const paths = ["/v1/links", "/v1/volumes", "/v1/rebalances", "/v1/settings"];
  for (let revision = 1; revision <= head; revision++) {
    paths.push(`/v1/revisions/${revision}`, `/v1/a2c?revision=${revision}`);
    paths.push(`/v1/link-assignments?revision=${revision}`);
  }
  for (const path of paths) read[path] = (await client.get(path)).body;
  return read;
}

describe.skipIf(!POSTGRES_URL)("moving a store to PostgreSQL", () => {
  it("moves all of it into a new generation", async () => {
    const file = someStore();
    const copy = join(temporaryDirectory(), "copy.db");
    copyFileSync(file, copy);
    const { url, query } = await emptySchema();
    const { code, stdout, stderr } = await runMigration("--from", `sqlite:${file}`, "--to", url);
    expect([code, stderr]).toEqual([0, ""]);
    const [, revision] = /: \d+ rows of .* revision (\d+), generation \d{10}/.exec(stdout)!;

    const before = await startService({ DATABASE_URL: `sqlite:${copy}` });
    const after = await startService({ DATABASE_URL: url });
    const head = Number(revision) - 1;
    const cluster = (await before.get("/v1/cluster")).body;
    const moved = (await after.get("/v1/cluster")).body;
    expect([cluster.revision, moved.revision]).toEqual([head, head + 1]);
    expect(moved.clusterId).toBe(cluster.clusterId);
    expect(moved.generation).toBeGreaterThan(cluster.generation);
    expect(await readAll(after, head)).toEqual(await readAll(before, head));
    expect((await after.get(`/v1/revisions/${head + 1}`)).body).toMatchObject({
      kind: "start-generation",
      actor: "migrate-store",
    });
    const counts = await query(
      "SELECT (SELECT count(*)::int FROM audit) AS audit, (SELECT count(*)::int FROM deliveries) AS d",
    );
    expect(counts.rows[0].audit).toBeGreaterThan(0);
    expect(counts.rows[0].d).toBeGreaterThan(0);
    expect((await after.put("/v1/links/later", {})).status).toBe(201);
  });

  it("is refused where there is a store already, while the service runs, and without a file", async () => {
    const file = someStore();
    const { url } = await emptySchema();
    const from = `sqlite:${file}`;
    const client = await startService({ DATABASE_URL: from });
    const whileRunning = await runMigration("--from", from, "--to", url);
    expect([whileRunning.code, whileRunning.stderr]).toEqual([
      1,
      expect.stringContaining("in use by another process"),
    ]);
    await client.service.close();
    const occupied = await emptySchema();
    const other = await startService({ DATABASE_URL: occupied.url });
    await other.service.close();
    for (const [args, message] of [
      [["--from", from, "--to", occupied.url], /holds a store already/],
      [["--from", `${from}.missing`, "--to", url], /there is no database/],
      [["--from", url, "--to", from], /from sqlite: to postgres/],
      [["--from", from], /--to is missing/],
      [["--from", from, "--to", "postgres://u:sesame@"], /--to: must be/],
    ] as const) {
      const { code, stderr } = await runMigration(...args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      expect(stderr).not.toContain("sesame");
    }
  });

  it("leaves nothing where it is cut off before its end", async () => {
    const source = openWholeStore(someStore());
    onTestFinished(() => source.close());
    const { url, query } = await emptySchema();
    const proxy = await startProxy(url);
    const filling = fillDatabase({
      url: proxy.url,
      rowsOf: (table) => source.rowsOf(table),
      beforeCommit: async () => {
        proxy.breakAt = "before-commit";
      },
    });
    await expect(filling).rejects.toMatchObject({ reason: "outcome-unknown" });
    expect((await query("SELECT count(*)::int AS rows FROM revisions")).rows).toEqual([
      { rows: 0 },
    ]);
  });

  it("leaves nothing where a row was not kept as it was given", async () => {
    const source = openWholeStore(someStore());
    onTestFinished(() => source.close());
    const { url, query } = await emptySchema();
    const filling = fillDatabase({
      url,
      // PostgreSQL keeps no NUL.
      rowsOf: (table) =>
        table.name === "audit"
          ? [[[1, "a\0", "PUT", "/", "done", null, null, null]]]
          : source.rowsOf(table),
      beforeCommit: async () => undefined,
    });
    await expect(filling).rejects.toThrow(/audit was not kept as it was given/);
    expect((await query("SELECT count(*)::int AS rows FROM cluster")).rows).toEqual([{ rows: 0 }]);
  });
});
