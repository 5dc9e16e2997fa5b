import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { runToEnd, startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";

async function freeFile(): Promise<string> {
  return join(temporaryDirectory(), "evenkeel.db");
}

/** What a user sees who starts it wrongly: one line that says what to do, and no stack. */
async function expectRefusal(environment: Record<string, string>, message: RegExp): Promise<void> {
  const { code, stderr, stdout } = await runToEnd({ PORT: "0", ...environment });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stdout).not.toMatch(/at .*\.js:\d+/);
  expect(code).toBe(1);
}

describe("refuses to start, in one line", () => {
  it("with a store of a newer schema", async () => {
    const file = await freeFile();
    const program = await startProgram({ DATABASE_URL: `sqlite:${file}` });
    await program.stop("SIGTERM");
    const database = new Database(file);
    database.pragma("user_version = 999");
    database.close();
    await expectRefusal({ DATABASE_URL: `sqlite:${file}` }, /999/);
  });

  it("in a missing directory", async () => {
    const file = join(temporaryDirectory(), "missing", "evenkeel.db");
    await expectRefusal({ DATABASE_URL: `sqlite:${file}` }, /missing/);
  });

  it("with a file that is no database", async () => {
    const file = await freeFile();
    writeFileSync(file, "no database".repeat(500));
    await expectRefusal({ DATABASE_URL: `sqlite:${file}` }, /evenkeel\.db/);
  });

  it("beside a process on the same file", async () => {
    const DATABASE_URL = `sqlite:${await freeFile()}`;
    await startProgram({ DATABASE_URL });
    await expectRefusal({ DATABASE_URL }, /in use by another process/);
  });

  it("on a busy port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const DATABASE_URL = `sqlite:${await freeFile()}`;
    await expectRefusal({ DATABASE_URL, PORT: String(port) }, /port is in use/);
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    [{ PORT: "eighty" }, /PORT=eighty/],
    [{ PORT: "65536" }, /PORT=65536/],
    [{ LOG_LEVEL: "loud" }, /LOG_LEVEL=loud/],
    [{ HOST: "0.0.0.0" }, /HOST=0\.0\.0\.0.*TOKENS_FILE/],
    [{ DATABASE_URL: "mysql://x" }, /DATABASE_URL/],
    [{ CALLBACK_ALLOW: "10.0.0.0/33" }, /CALLBACK_ALLOW.*10\.0\.0\.0\/33/],
    [{ TOKENS_FILE: "/nowhere/tokens.json" }, /TOKENS_FILE/],
    [{ BACKUP_DIR: "/nowhere/backups" }, /BACKUP_DIR=\/nowhere\/backups: there is no such/],
    [{ TLS_CERT_FILE: "cert.pem" }, /TLS_KEY_FILE is missing/],
  ])("with %j", async (environment, message) => {
    const DATABASE_URL = `sqlite:${await freeFile()}`;
    await expectRefusal({ DATABASE_URL, ...environment }, message);
  });
});

it("ends with 0 on SIGTERM and serves the same state again", async () => {
  const DATABASE_URL = `sqlite:${await freeFile()}`;
  const first = await startProgram({ DATABASE_URL });
  const headers = { "content-type": "application/json" };
  const put = await fetch(`${first.url}/v1/links/l`, { method: "PUT", body: "{}", headers });
  expect(put.status).toBe(201);
  expect(await first.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  const second = await startProgram({ DATABASE_URL });
  const read = await fetch(`${second.url}/v1/links/l`);
  expect([read.status, read.headers.get("revision")]).toEqual([200, "1"]);
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
});

it("ends with 0 on SIGTERM beside connections that never complete a request", async () => {
  const program = await startProgram({ DATABASE_URL: `sqlite:${await freeFile()}` });
  const { hostname, port } = new URL(program.url);
  const open = async (text: string) => {
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(text);
  };
  await open("");
  await open("GET /v1/clu");
  await open("POST /v1/rebalances HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200\r\n\r\n{");
  expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null });
});

it("warns of a store that others can read, and serves it", async () => {
  const file = await freeFile();
  const DATABASE_URL = `sqlite:${file}`;
  const warning = /"level":40.*can be read by others/;
  const first = await startProgram({ DATABASE_URL });
  await first.stop("SIGTERM");
  chmodSync(file, 0o644);
  const second = await startProgram({ DATABASE_URL });
  const line = await second.until(warning);
  expect(JSON.parse(line).msg).toContain(`chmod 600 ${file}`);
  await second.stop("SIGTERM");
});
