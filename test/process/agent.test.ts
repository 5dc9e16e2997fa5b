/** Storage servers as processes of their own, as compose.yaml starts them. */
import { createHash } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Running, runToEnd, startEntry, startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";

const TOKEN = "of-the-operator";

/** A service with tokens, and the cluster of FIG. 4 on it. */
async function startCluster() {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory, name);
  const sha256 = createHash("sha256").update(TOKEN).digest("hex");
  writeFileSync(at("tokens.json"), JSON.stringify([{ name: "ops", role: "operator", sha256 }]));
  writeFileSync(at("token"), `${TOKEN}\n`);
  const { url } = await startProgram({
    DATABASE_URL: `sqlite:${at("evenkeel.db")}`,
    TOKENS_FILE: at("tokens.json"),
  });
  const found = (more: Record<string, string> = {}) =>
    runToEnd(
      {
        EVENKEEL_URL: url,
        TOKEN_FILE: at("token"),
        CREDENTIALS_DIRECTORY: directory,
        ...more,
      },
      "simulator/main.js",
    );
  const startAgent = (id: string, more: Record<string, string> = {}): Running =>
    startEntry("agent/main.js", {
      EVENKEEL_URL: url,
      STORAGE_SERVER_ID: id,
      CREDENTIALS_FILE: at(`${id}.json`),
      STATE_FILE: at(`${id}.tables`),
      ...more,
    });
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  /** Answered when every storage server has acknowledged it. */
  const rebalance = async (order: object) => {
    const body = JSON.stringify({ strategy: "proportional", ...order });
    const query = "wait=converged&timeoutSeconds=30";
    const answer = await fetch(`${url}/v1/rebalances?${query}`, { method: "POST", headers, body });
    const { revision } = (await answer.json()) as { revision: number };
    return { status: answer.status, told: new RegExp(`"revision":${revision}\\b.*"tables"`) };
  };
  return { at, found, startAgent, rebalance };
}

it("follow the tables, pushed to or pulling, and go on where they were", async () => {
  const cluster = await startCluster();
  const first = await cluster.found();
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/3 storage servers are new/);
  expect(statSync(cluster.at("s-1.json")).mode & 0o777).toBe(0o600);

  const pushedTo = cluster.startAgent("s-1", { CALLBACK_PORT: "0" });
  const [callback] = /http:[^"]+/.exec(await pushedTo.until(/listening for pushes/))!;
  const again = await cluster.found({ CALLBACK_URLS: `s-1=${callback}` });
  expect(again.stdout).toMatch(/0 storage servers are new/);
  cluster.startAgent("s-2");
  const pulling = cluster.startAgent("s-3");

  const moved = await cluster.rebalance({});
  expect(moved.status).toBe(201);
  for (const agent of [pushedTo, pulling]) await agent.until(moved.told);

  expect(await pulling.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  const restarted = cluster.startAgent("s-3");
  const forced = await cluster.rebalance({ force: true });
  expect(forced.status).toBe(201);
  await restarted.until(forced.told);
});

it("are refused credentials that were shown before and are lost", async () => {
  const cluster = await startCluster();
  await cluster.found();
  const elsewhere = temporaryDirectory();
  const { code, stderr } = await cluster.found({ CREDENTIALS_DIRECTORY: elsewhere });
  expect(code).toBe(1);
  expect(stderr).toMatch(/s-1 is registered, but its credentials are not here/);
});

const GOOD = {
  EVENKEEL_URL: "http://127.0.0.1:9",
  STORAGE_SERVER_ID: "s-1",
  STATE_FILE: "/nowhere/tables",
};

it.each([
  [{ EVENKEEL_URL: "ftp://x" }, "{}", /EVENKEEL_URL=ftp:\/\/x: must be an http/],
  [{ STORAGE_SERVER_ID: "-" }, "{}", /STORAGE_SERVER_ID=-: must be the id/],
  [{ CALLBACK_PORT: "70000" }, "{}", /CALLBACK_PORT=70000: must be a port/],
  [{ CREDENTIALS_FILE: "/nowhere" }, "{}", /CREDENTIALS_FILE=\/nowhere: cannot be read/],
  [{}, "evk_canary", /CREDENTIALS_FILE=.*: is not JSON/],
  [{}, '{"token": "evk_canary", "signingSecret": "canary"}', /signingSecret: must be/],
  [{}, '{"token": "evk_canary", "signingSecret": "whsec_canary"}', /STATE_FILE=.*ENOENT/],
])("do not start with %j and %s, and say why in one line", async (wrong, credentials, message) => {
  const file = join(temporaryDirectory(), "credentials.json");
  writeFileSync(file, credentials);
  const environment = { ...GOOD, CREDENTIALS_FILE: file, ...wrong };
  const { code, stderr } = await runToEnd(environment, "agent/main.js");
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("canary");
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(code).toBe(1);
});
