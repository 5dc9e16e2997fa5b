import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readMigrations } from "../../src/store/migrate.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { type Client, realClock, startService } from "../support/service.ts";
import { contentsOf, type Golden, goldens, unpack } from "./goldens.ts";

const CHILD = fileURLToPath(new URL("migrate-until-killed.mjs", import.meta.url));

/** Serves a golden database at the time when it was made, so that its plans still hold. */
function startGolden(golden: Golden): Promise<Client> {
  const clock = { ...realClock, now: () => golden.madeAt };
  return startService({ DATABASE_URL: `sqlite:${unpack(golden)}` }, clock);
}

/** Not of the tables, but of how far each storage server is. */
const PASSING = new Set(["delivery", "settledRevision", "storageServers", "convergedAt"]);
/** Earlier plans did not keep what they had read, so none of them can be applied. */
const PLANS_KEPT_FROM_SCHEMA = 5;

/** What a release answered, as it is to be answered for ever. */
function lasting(value: unknown, schema: number): unknown {
  if (Array.isArray(value)) return value.map((item) => lasting(item, schema));
  if (value === "planned" && schema < PLANS_KEPT_FROM_SCHEMA) return "expired";
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !PASSING.has(name))
      .map(([name, field]) => [name, lasting(field, schema)]),
  );
}

it("has a database of the first schema, and none that this program can't know", () => {
  const schemas = goldens.map(({ schema }) => schema);
  expect(schemas).toEqual(expect.arrayContaining([1, 6]));
  expect(Math.max(...schemas)).toBeLessThanOrEqual(readMigrations().length);
});

it.each(goldens)("serves $name as the release that wrote it did", async (golden) => {
  const client = await startGolden(golden);
  for (const [path, answer] of Object.entries(golden.answers)) {
    const { status, body } = await client.get(path);
    expect(status, path).toBe(200);
    expect(body, path).toMatchObject(lasting(answer, golden.schema) as object);
  }
  // It goes on from there.
  const { revision } = (await client.get("/v1/cluster")).body;
  expect((await client.post("/v1/rebalances", { reason: "after" })).revision).toBe(revision + 1);
});

it("keeps the audit, the loads and a plan that can be applied", async () => {
  const client = await startGolden(goldens.find(({ schema }) => schema === 6)!);
  const { body: audit } = await client.get("/v1/audit");
  const calls = audit.items.map(
    ({ method, path, outcome }: Record<string, string>) => `${method} ${path} ${outcome}`,
  );
  expect(calls).toContain("POST /v1/topology committed");
  expect(calls).toContain("DELETE /v1/processes/none refused");
  expect((await client.get("/v1/processes/A")).body.measuredLoad).toMatchObject({
    cNodeLoad: 12.5,
  });
  const { body: rebalances } = await client.get("/v1/rebalances");
  const planned = rebalances.items.find(({ state }: { state: string }) => state === "planned");
  const { status, body } = await client.post(`/v1/rebalances/${planned.id}/apply`);
  expect([status, body.state, body.planHash]).toEqual([200, "applied", planned.planHash]);
});

/** Every migration that a golden database still has before it, at each of its places. */
const kills = goldens.flatMap((golden) => {
  const ahead = readMigrations().filter(({ version }) => version > golden.schema);
  const places = ahead.flatMap(({ version }) =>
    ["begun", "middle", "uncommitted"].map((where) => ({ version, where })),
  );
  return { golden, places: [...places, { version: 0, where: "migrated" }] };
});

it.each(kills)("migrates $golden.name though it is killed at each step", async (kill) => {
  const { golden, places } = kill;
  const whole = unpack(golden);
  const migrate = (file: string) =>
    createEngine(openConnection({ file, newClusterId: "none" })).close();
  migrate(whole);
  const expected = contentsOf(whole);
  const onAndOn = unpack(golden);
  for (const { version, where } of places) {
    const killedOnce = unpack(golden);
    // One that is begun anew after each kill, and one that is killed again and again.
    for (const file of [killedOnce, onAndOn]) {
      expect(await migrateUntilKilled(file, version, where)).toBe("SIGKILL");
    }
    migrate(killedOnce);
    expect(contentsOf(killedOnce), `${version} ${where}`).toEqual(expected);
  }
  migrate(onAndOn);
  expect(contentsOf(onAndOn)).toEqual(expected);
});

async function migrateUntilKilled(file: string, version: number, where: string) {
  const child = spawn(process.execPath, [CHILD, file, String(version), where], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = await once(child, "exit");
  return signal;
}
