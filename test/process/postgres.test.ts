import { describe, expect, it, onTestFinished } from "vitest";
import { startProxy } from "../store/postgres-proxy.ts";
import { newSchema, POSTGRES_URL } from "../support/postgres.ts";
import { type Program, runToEnd, startProgram } from "../support/program.ts";
import { workedExample } from "../support/service.ts";

async function emptySchema() {
  const schema = await newSchema();
  onTestFinished(schema.remove);
  return schema;
}

async function call(program: Program, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${program.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

/** One line that says what to do, and no password. */
async function refusal(environment: Record<string, string>, entry?: string): Promise<string> {
  const { code, stderr, stdout } = await runToEnd({ PORT: "0", ...environment }, entry);
  expect([code, stderr.trimEnd().split("\n").length]).toEqual([1, 1]);
  expect(stderr + stdout).not.toContain("sesame");
  return stderr;
}

describe.skipIf(!POSTGRES_URL)("the program on PostgreSQL", () => {
  it("serves the worked example, also after kill -9, and refuses a newer schema", async () => {
    const { url: DATABASE_URL, query } = await emptySchema();
    let program = await startProgram({ DATABASE_URL });
    await call(program, "POST", "/v1/topology", workedExample);
    const rebalanced = await call(program, "POST", "/v1/rebalances", { strategy: "proportional" });
    expect(rebalanced).toMatchObject({ status: 201, body: { revision: 2, movedAddresses: 22 } });
    const before = await call(program, "GET", "/v1/a2c");
    await program.stop("SIGKILL");

    program = await startProgram({ DATABASE_URL });
    expect(await call(program, "GET", "/v1/a2c")).toEqual(before);
    expect(before.body.entries.map(({ lastLba }: { lastLba: number }) => lastLba)).toEqual([
      21, 77, 100,
    ]);
    const { id } = rebalanced.body;
    expect((await call(program, "POST", `/v1/rebalances/${id}/rollback`)).status).toBe(200);
    const backups = { status: 409, body: { code: "backups-elsewhere" } };
    expect(await call(program, "POST", "/v1/backups")).toMatchObject(backups);
    expect(await call(program, "GET", "/v1/backups")).toMatchObject(backups);
    expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null });

    await query("UPDATE evenkeel_schema SET version = 999");
    expect(await refusal({ DATABASE_URL })).toMatch(/schema version 999/);
  });

  it("answers reads without the database and writes with 503, and goes on by itself", async () => {
    const { url } = await emptySchema();
    const proxy = await startProxy(url);
    const program = await startProgram({ DATABASE_URL: proxy.url });
    await call(program, "POST", "/v1/topology", workedExample);
    proxy.shut();
    expect(await call(program, "PUT", "/v1/links/l", {})).toMatchObject({
      status: 503,
      body: { code: "store-unavailable" },
    });
    expect((await call(program, "GET", "/v1/a2c")).status).toBe(200);
    proxy.open();
    expect((await call(program, "PUT", "/v1/links/l", {})).status).toBe(201);
    expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("tells in one line, without the password, why it can't start", async () => {
    const unreachable = "postgres://evenkeel:sesame@127.0.0.1:1/evenkeel";
    expect(await refusal({ DATABASE_URL: unreachable })).toMatch(/127\.0\.0\.1:1\/evenkeel can't/);
    const malformed = "postgres://evenkeel:sesame@/evenkeel";
    expect(await refusal({ DATABASE_URL: malformed })).toMatch(/DATABASE_URL: must be sqlite/);
    const { url: DATABASE_URL } = await emptySchema();
    expect(await refusal({ DATABASE_URL, BACKUP_DIR: "/tmp" })).toMatch(/pg_dump/);
    expect(await refusal({ DATABASE_URL }, "restore/main.js")).toMatch(/pg_restore/);
  });
});
