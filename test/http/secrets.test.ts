/**
 * Secrets and canaries are sent down every path, and looked for wherever they must not be. What a
 * caller may have meant as a secret is one: whatever comes in headers, queries and bodies.
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { type Client, startService, temporaryDirectory } from "../support/service.ts";
import { bearer, sha256, tokensFile } from "../support/tokens.ts";
import { endpoints, filled, KEY, sendStrays } from "./stray-calls.ts";

const ROLE_TOKENS = { viewer: "viewer", operator: "operator", admin: "admin" };
const CALLBACK_QUERY = "canary-callback-query";

interface Shown {
  readonly signingSecrets: string[];
  readonly tokens: string[];
}

/** A storage server that says no to everything, and what it was sent. */
async function refuser() {
  const server = createServer((_, response) => {
    response.writeHead(422).end('{"status": "rejected", "detail": "not this one"}');
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Registers, rotates and pushes; answers with every secret that was shown on the way. */
async function useSecrets(client: Client, untilLogged: (words: string) => Promise<void>) {
  const { server, port } = await refuser();
  const shown: Shown = { signingSecrets: [], tokens: [] };
  const keep = ({ signingSecret, token }: { signingSecret?: string; token?: string }) => {
    if (signingSecret !== undefined) shown.signingSecrets.push(signingSecret);
    if (token !== undefined) shown.tokens.push(token);
  };
  let calls = 0;
  const send = async (method: string, url: string, body?: unknown) => {
    const headers = { ...bearer("admin"), "idempotency-key": `${KEY}-${++calls}` };
    const first = await client.call(method, url, body, headers);
    const again = await client.call(method, url, body, headers);
    expect([url, first.status < 300, again.status]).toEqual([url, true, first.status]);
    expect(JSON.stringify(again.body)).not.toMatch(/whsec_|evk_|canary/);
    return first.body;
  };
  const pushed = once(server, "request");
  const refusing = `http://127.0.0.1:${port}/tables?key=${CALLBACK_QUERY}`;
  keep(await send("PUT", "/v1/storage-servers/s-1", { callbackUrl: refusing }));
  const [{ url, headers }] = await pushed;
  expect([url, headers["storage-server-id"]]).toEqual([`/tables?key=${CALLBACK_QUERY}`, "s-1"]);
  await untilLogged("a storage server is parked");
  const closed = `http://127.0.0.1:1/?key=${CALLBACK_QUERY}`;
  const topology = { storageServers: [{ id: "s-2", callbackUrl: closed }, { id: "s-3" }] };
  for (const made of (await send("POST", "/v1/topology", topology)).created.storageServers)
    keep(made);
  await untilLogged("a push has failed");
  keep(await send("POST", "/v1/storage-servers/s-1/rotate-secret"));
  keep(await send("POST", "/v1/storage-servers/s-1/rotate-token"));
  await send("PATCH", "/v1/storage-servers/s-2", { callbackUrl: `${closed}-2` });
  await send("POST", "/v1/storage-servers/s-2/fence");
  // Over a real connection, since it may take its time.
  const backup = { method: "POST", headers: { ...bearer("admin"), "idempotency-key": `${KEY}-b` } };
  expect((await fetch(`${client.address}/v1/backups`, backup)).status).toBe(201);
  expect([shown.signingSecrets.length, shown.tokens.length]).toEqual([4, 4]);
  return { shown, port };
}

/** What a role can read, of everything that there is. */
async function readAll(client: Client, token: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const more = ["/metrics", "/openapi.json", "/v1/storage-servers/s-2", "/v1/revisions/2"];
  const urls = endpoints
    .filter(({ method }) => method === "GET")
    .map(({ url }) => filled(url, "s-1"));
  for (const url of [...urls, ...more]) {
    const { headers, body } = await client.get(`${url}`, bearer(token));
    found.set(url, JSON.stringify([headers, body]));
  }
  return found;
}

/** Each table's rows as text. */
function tablesOf(file: string): Map<string, string> {
  const database = new Database(file, { readonly: true });
  try {
    const names = database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .pluck(true)
      .all();
    const rowsOf = (name: string) =>
      JSON.stringify(database.prepare(`SELECT * FROM "${name}"`).all());
    return new Map(names.map((name) => [name, rowsOf(name)]));
  } finally {
    database.close();
  }
}

it("are in the answer that shows them, and nowhere else", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "evenkeel.db");
  const lines: string[] = [];
  let look = (): void => {};
  const write = (line: string) => {
    lines.push(line);
    look();
  };
  const untilLogged = (words: string) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (lines.some((line) => line.includes(words))) resolve();
      };
      look();
    });
  const environment = {
    TOKENS_FILE: tokensFile(Object.values(ROLE_TOKENS)),
    DATABASE_URL: `sqlite:${file}`,
    LOG_LEVEL: "trace",
  };
  const client = await startService(environment, undefined, {}, { log: { write } });
  const { shown } = await useSecrets(client, untilLogged);
  const answers = await sendStrays(client, [...Object.values(ROLE_TOKENS), ...shown.tokens]);
  const secrets = [...shown.signingSecrets, ...shown.tokens];
  const hashes = [...shown.tokens, ...Object.values(ROLE_TOKENS)].map(sha256);
  const canaries = /canary/;

  const whereIn = (texts: Iterable<readonly [string, string]>, wanted: readonly string[]) =>
    [...texts]
      .filter(([, text]) => wanted.some((each) => text.includes(each)))
      .map(([name]) => name);

  // Answers to wrong calls repeat names of fields, cut short, and nothing else.
  const repeated = answers.map((text) => text.replace(/canary-(field-x+…|member)/g, ""));
  expect(repeated.filter((text) => canaries.test(text))).toEqual([]);
  expect(answers.filter((text) => text.length > 5_000)).toEqual([]);
  expect(
    whereIn(
      answers.map((text) => [text, text]),
      [...secrets, ...hashes],
    ),
  ).toEqual([]);

  for (const role of Object.values(ROLE_TOKENS)) {
    const read = await readAll(client, role);
    expect(whereIn(read, [...secrets, ...hashes])).toEqual([]);
    // Who may register a server may see its callback whole.
    const ofServers = ["/v1/storage-servers", "/v1/storage-servers/s-1", "/v1/storage-servers/s-2"];
    expect(whereIn(read, ["canary"])).toEqual(role === "viewer" ? [] : ofServers);
  }
  await client.service.close();

  const log = lines.join("");
  expect(lines.filter((line) => line.includes('"answered"')).length).toBeGreaterThan(1000);
  expect(lines.filter((line) => canaries.test(line))).toEqual([]);
  expect([...secrets, ...hashes].filter((each) => log.includes(each))).toEqual([]);

  // Signing needs the secret itself; of a token its hash will do.
  const tables = tablesOf(file);
  expect(whereIn(tables, shown.signingSecrets)).toEqual(["storage_server_credentials"]);
  expect(whereIn(tables, [CALLBACK_QUERY])).toEqual(["storage_servers"]);
  expect(whereIn(tables, hashes.slice(0, shown.tokens.length))).toEqual([
    "storage_server_credentials",
  ]);
  const rest = [...tables].map(
    ([name, text]) => [name, text.replaceAll(CALLBACK_QUERY, "")] as const,
  );
  expect(whereIn(rest, [...shown.tokens, "canary"])).toEqual([]);
  const bytes = readFileSync(file, "latin1").replaceAll(CALLBACK_QUERY, "");
  expect([...shown.tokens, "canary"].filter((each) => bytes.includes(each))).toEqual([]);
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).join("\n");
  expect(names).toMatch(/backups\/evenkeel-.*\.db/);
  expect([...secrets, "canary"].filter((each) => names.includes(each))).toEqual([]);
});
