import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { addAgent } from "../support/agents.ts";
import { startService, tableOf, workedExample } from "../support/service.ts";
import { goldens, unpack } from "../upgrade/goldens.ts";
import {
  backUp,
  headOf,
  namesBeside,
  runRestore,
  sha256Of,
  startBackedUp,
  stoppedBackedUp,
} from "./support.ts";

const KILLER = fileURLToPath(new URL("../support/kill-at.mjs", import.meta.url));

it("puts the backup in place, with a new generation, and keeps what was there", async () => {
  const { target, backup } = await stoppedBackedUp();
  chmodSync(target, 0o640);
  const old = sha256Of(target);
  const secondsBefore = Math.floor(Date.now() / 1000);
  const { code, stdout, stderr } = await runRestore({ file: backup, target });
  expect([code, stderr]).toEqual([0, ""]);
  const replaced = /what was there is (\S+)\n$/.exec(stdout)![1]!;
  expect(sha256Of(replaced)).toBe(old);
  expect(namesBeside(target)).toEqual([basename(target), basename(replaced)]);
  expect((statSync(target).mode & 0o777).toString(8)).toBe("640");

  const client = await startService({ DATABASE_URL: `sqlite:${target}` });
  const { generation, revision } = (await client.get("/v1/cluster")).body;
  expect(generation).toBeGreaterThanOrEqual(secondsBefore);
  expect(revision).toBe(2);
  expect((await client.get("/v1/links/later")).status).toBe(404);
  expect((await client.get("/v1/revisions/2")).body).toMatchObject({
    kind: "start-generation",
    actor: "restore",
    reason: `restored from ${basename(backup)}`,
  });
});

it("begins a generation after that of the backup and that of the database", async () => {
  const { target, backup } = await stoppedBackedUp();
  // From a clock that was ahead: years beyond now.
  const ahead = 4_000_000_000;
  const database = new Database(target);
  database.exec(`UPDATE cluster SET generation = ${ahead}`);
  database.close();
  await runRestore({ file: backup, target });
  expect(headOf(target).generation).toBe(ahead + 1);
  await runRestore({ file: backup, target });
  expect(headOf(target).generation).toBe(ahead + 2);
});

it("brings a backup of an earlier release to the present schema", async () => {
  const golden = goldens[0]!;
  const { target } = await stoppedBackedUp();
  const backup = unpack(golden);
  writeFileSync(`${backup}.sha256`, `${sha256Of(backup)}  evenkeel.db\n`);
  expect(await runRestore({ file: backup, target })).toMatchObject({ code: 0, stderr: "" });
  const client = await startService({ DATABASE_URL: `sqlite:${target}` });
  const { entries } = (await client.get("/v1/a2c")).body;
  expect(golden.answers["/v1/a2c"]).toMatchObject({ entries });
  expect((await client.get("/v1/cluster")).body.generation).toBeGreaterThan(1);
});

it("needs no database in the place", async () => {
  const { target, backup } = await stoppedBackedUp();
  rmSync(target);
  expect(await runRestore({ file: backup, target })).toMatchObject({ code: 0, stderr: "" });
  expect(namesBeside(target)).toEqual([basename(target)]);
  expect(headOf(target).revision).toBe(2);
});

it("gives a storage server that has more than the backup a snapshot of the new generation", async () => {
  const { client, target } = await startBackedUp();
  const server = await addAgent(client, "s-agent");
  const own = workedExample.processes.map(({ id, rNodeId, cNodeId }) => ({
    ...{ id: `own-${id}`, storageServerId: server.id },
    ...{ rNodeId: `own-${rNodeId}`, cNodeId: `own-${cNodeId}` },
  }));
  await client.post("/v1/topology", { processes: own });
  const backup = await backUp(client, target);
  const table = await tableOf(client);
  await client.post("/v1/rebalances");
  const { body: ahead } = await client.get("/v1/a2c");
  await server.until(({ revision }) => revision === ahead.revision);
  await client.service.close();

  expect(await runRestore({ file: backup, target })).toMatchObject({ code: 0, stderr: "" });
  const restored = await startService({ DATABASE_URL: `sqlite:${target}` });
  const { body: cluster } = await restored.get("/v1/cluster");
  const { body: tables } = await restored.get("/v1/a2c");
  expect(tables.revision).toBeLessThan(ahead.revision);
  expect(await tableOf(restored)).toEqual(table);
  const again = await server.restart(restored);
  await again.until(({ generation }) => generation === cluster.generation);
  expect(again.agent.position()).toMatchObject({
    revision: tables.revision,
    digest: tables.digest,
  });
});

it("leaves the old database or the new one when it is killed, at any step", async () => {
  const { target, backup } = await stoppedBackedUp();
  const [old, oldHead] = [sha256Of(target), headOf(target)];
  const killed = async (at: string) => {
    const environment = { NODE_OPTIONS: `--import=${KILLER}`, KILL_AT: at };
    const { code } = await runRestore({ file: backup, target }, environment);
    for (const suffix of ["-wal", "-shm", "-journal"]) {
      expect(namesBeside(target)).not.toContain(`${basename(target)}${suffix}`);
    }
    if (sha256Of(target) === old) return { code, is: "old" };
    expect(headOf(target).generation).toBeGreaterThan(oldHead.generation);
    const kept = namesBeside(target).filter((name) => name.includes(".replaced-"));
    expect(kept.map((name) => sha256Of(join(dirname(target), name)))).toContain(old);
    return { code, is: "new" };
  };
  for (const sql of ["BEGIN EXCLUSIVE", "integrity_check", "BEGIN IMMEDIATE", "COMMIT"]) {
    expect(await killed(sql), sql).toEqual({ code: null, is: "old" });
  }
  const steps = [];
  for (let step = 1; steps.at(-1)?.is !== "new"; step++) steps.push(await killed(String(step)));
  expect(steps.length).toBeGreaterThan(6);
  // Killed right after the rename: what is there is whole, and another restore clears up.
  expect(steps.at(-1)!.code).toBe(null);
  expect(await runRestore({ file: backup, target })).toMatchObject({ code: 0, stderr: "" });
  expect(namesBeside(target).filter((name) => name.includes(".restoring-"))).toEqual([]);
  const client = await startService({ DATABASE_URL: `sqlite:${target}` });
  expect((await client.get("/v1/cluster")).body.revision).toBe(2);
});
