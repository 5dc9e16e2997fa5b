import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate as letOthersRun } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { hashToken } from "../../src/operations/credentials.ts";
import { openStore } from "../store/sqlite-support.ts";
import { expectDocumented } from "../support/documented.ts";
import {
  type Answered,
  type Client,
  startService,
  startWorkedExample,
  tableOf,
  temporaryDirectory,
} from "../support/service.ts";

/** Over a real connection, since it may take its time. */
async function backUp(client: Client, headers: Record<string, string> = {}) {
  const answer = await fetch(`${client.address}/v1/backups`, { method: "POST", headers });
  const seen = { status: answer.status, headers: Object.fromEntries(answer.headers) };
  expectDocumented({ method: "POST", url: "/v1/backups", ...seen });
  const body: Answered["body"] = await answer.json();
  return { status: answer.status, body };
}

interface Place {
  readonly client: Client;
  /** The default: beside the database. */
  readonly directory: string;
}

async function startBesideBackups(): Promise<Place> {
  const data = temporaryDirectory();
  const client = await startWorkedExample({ DATABASE_URL: `sqlite:${join(data, "evenkeel.db")}` });
  return { client, directory: join(data, "backups") };
}

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe("POST /v1/backups", () => {
  it("makes one private file of everything, and its checksum beside it", async () => {
    const { client, directory } = await startBesideBackups();
    const { status, body } = await backUp(client);
    expect(status).toBe(201);
    expect(body).toEqual({
      name: expect.stringMatching(/^evenkeel-\d{8}T\d{9}Z-g1-r1-[0-9a-f]{8}\.db$/),
      bytes: expect.any(Number),
      sha256: expect.any(String),
      revision: 1,
      generation: 1,
      createdAt: expect.any(String),
    });
    const file = join(directory, body.name);
    expect(readdirSync(directory).sort()).toEqual([body.name, `${body.name}.sha256`]);
    expect([modeOf(file), modeOf(`${file}.sha256`), modeOf(directory)]).toEqual([
      "600",
      "600",
      "700",
    ]);
    expect([statSync(file).size, sha256(file)]).toEqual([body.bytes, body.sha256]);
    // As `sha256sum --check` reads it.
    const checksum = readFileSync(`${file}.sha256`, "utf8");
    expect(checksum).toBe(`${body.sha256}  ${body.name}\n`);

    const copy = join(temporaryDirectory(), "evenkeel.db");
    copyFileSync(file, copy);
    const other = await startService({ DATABASE_URL: `sqlite:${copy}` });
    expect(await tableOf(other)).toEqual(await tableOf(client));
  });

  it("goes where BACKUP_DIR says", async () => {
    const directory = temporaryDirectory();
    const client = await startWorkedExample({ BACKUP_DIR: directory });
    const { body } = await backUp(client);
    expect(readdirSync(directory)).toContain(body.name);
  });

  it("is refused while one is being made", async () => {
    const { client } = await startBesideBackups();
    const both = await Promise.all([backUp(client), backUp(client)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(both.find(({ status }) => status === 409)!.body.code).toBe("backup-running");
    expect((await backUp(client)).status).toBe(201);
    expect((await client.get("/v1/backups")).body.items).toHaveLength(2);
  });

  it("holds every write that was acknowledged before, and is sound beside those that go on", async () => {
    const { client, directory } = await startBesideBackups();
    let ended = false;
    const writing = (async () => {
      for (let i = 0; !ended; i++) {
        expect((await client.put(`/v1/links/more-${i}`, {})).status).toBe(201);
      }
    })();
    const before = (await client.put("/v1/links/before", {})).revision;
    const { status, body } = await backUp(client);
    ended = true;
    await writing;
    const after = (await client.get("/v1/cluster")).body.revision;
    expect(status).toBe(201);
    expect(body.revision).toBeGreaterThanOrEqual(before);
    expect(body.revision).toBeLessThanOrEqual(after);
    const store = await openStore(join(directory, body.name));
    const { revision, links } = await store.load();
    await store.close();
    expect(revision).toBe(body.revision);
    expect(links.map(({ id }) => id)).toContain("before");
  });

  it("ends with the service, whole or not at all", async () => {
    const { client, directory } = await startBesideBackups();
    const making = backUp(client).catch(() => undefined);
    // It has begun when its directory is there.
    while (!existsSync(directory)) await letOthersRun();
    await client.service.close();
    await making;
    const names = readdirSync(directory);
    expect(names.filter((name) => !/^evenkeel-\S+\.db(\.sha256)?$/.test(name))).toEqual([]);
    expect([0, 2]).toContain(names.length);
  });

  it("is for admins", async () => {
    const tokensFile = join(temporaryDirectory(), "tokens.json");
    const entry = (role: string) => ({ name: role, role, sha256: hashToken(role) });
    writeFileSync(tokensFile, JSON.stringify(["viewer", "operator", "admin"].map(entry)));
    const client = await startService({ TOKENS_FILE: tokensFile });
    for (const [token, statuses] of [
      ["viewer", [403, 403]],
      ["operator", [403, 403]],
      ["admin", [201, 200]],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      const answers = [await backUp(client, headers), await client.get("/v1/backups", headers)];
      expect(answers.map(({ status }) => status)).toEqual(statuses);
    }
  });
});

describe("GET /v1/backups", () => {
  it("lists them in the order in which they were made, in pages", async () => {
    const { client } = await startBesideBackups();
    expect((await client.get("/v1/backups")).body).toEqual({ items: [] });
    const made = [];
    for (const id of ["a", "b", "c"]) {
      await client.put(`/v1/links/${id}`, {});
      made.push((await backUp(client)).body);
    }
    expect((await client.get("/v1/backups")).body).toEqual({ items: made });
    const first = (await client.get("/v1/backups?limit=2")).body;
    expect(first.items).toEqual(made.slice(0, 2));
    const rest = await client.get(`/v1/backups?limit=2&pageToken=${first.nextPageToken}`);
    expect(rest.body).toEqual({ items: made.slice(2) });
  });

  it("leaves out what is not whole, and the next backup clears it away", async () => {
    const { client, directory } = await startBesideBackups();
    const { body } = await backUp(client);
    const partial = `.evenkeel-${/(\w{8})\.db$/.exec(body.name)![1]}.partial`;
    const left = [partial, `${partial}-journal`, `${partial}.sha256`];
    for (const name of left) writeFileSync(join(directory, name), "half");
    const alone = body.name.replace("-g1-", "-g2-");
    copyFileSync(join(directory, body.name), join(directory, alone));
    writeFileSync(join(directory, "notes.txt"), "");
    expect((await client.get("/v1/backups")).body.items).toEqual([body]);
    await backUp(client);
    const names = readdirSync(directory);
    expect(names.filter((name) => left.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining([alone, "notes.txt"]));
  });
});
