/**
 * Three processes on one PostgreSQL under sixteen writers and three storage servers, while one
 * after another is killed, or paused for longer than the lease, and the database crashes. What
 * everybody was answered must be one history, and no address may ever have two owners.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { lastingPort } from "../support/lasting-port.ts";
import { POSTGRES_URL } from "../support/postgres.ts";
import { type Program, startProgram } from "../support/program.ts";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { type Log, mistakesIn } from "./linearizable.ts";
import { type OwnPostgres, startPostgres } from "./own-postgres.ts";
import { BLOCKS, SERVERS, Servers, VOLUME } from "./servers.ts";
import { KEYS, PATIENCE_MS, type Place, Writers } from "./writers.ts";

const WRITERS = 16;
/** So many writes are acknowledged between two disasters. */
const WRITES_BETWEEN = 50;
/** So often each disaster comes; the long run has more. */
const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 1);

let database: OwnPostgres;
let balancer: Balancer;
let programs: Program[];
let servers: Servers;

beforeEach(async () => {
  database = await startPostgres();
  programs = [];
  // Those that are killed come back on the same port.
  for (let i = 0; i < 3; i++) programs.push(await start(await lastingPort()));
  balancer = await startBalancer(() => programs.map(portOf));
  servers = new Servers();
}, 120_000);

afterEach(async () => {
  await servers.close();
  balancer.close();
  for (const program of programs) await program.stop("SIGKILL");
  await database.close();
});

const portOf = ({ url }: Program) => Number(new URL(url).port);
const start = (port: string) => startProgram({ DATABASE_URL: database.url, PORT: port });

async function demand(
  method: string,
  path: string,
  body?: unknown,
  { patienceMs = 60_000, minRevision = 0 } = {},
) {
  const answer = await fetch(`${balancer.url}${path}`, {
    method,
    headers: {
      ...{ connection: "close", "min-revision": `${minRevision}` },
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(patienceMs),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** The revision that has it all. */
async function found(): Promise<number> {
  await servers.begin(demand, balancer.url, temporaryDirectory());
  const owners = SERVERS.map((_, i) => ({
    ...{ firstLba: (i * BLOCKS) / 3, lastLba: ((i + 1) * BLOCKS) / 3 - 1, cNodeId: `c-${i}` },
  }));
  const { body } = await demand("POST", "/v1/topology", {
    processes: SERVERS.map((storageServerId, i) => ({
      ...{ id: `p-${i}`, storageServerId, rNodeId: `r-${i}`, cNodeId: `c-${i}` },
    })),
    links: KEYS.map((id) => ({ id })),
    volumes: [{ id: VOLUME, blockCount: BLOCKS, entries: owners }],
  });
  return body.revision;
}

async function term(): Promise<number> {
  const [[last]] = (await database.rows("SELECT term FROM distribution_lease")) as [[string]];
  return Number(last);
}

/** Which process holds the lease: the last holder may be gone, so the term is read each time. */
async function distributor(): Promise<number> {
  return eventually(
    async () => {
      const begun = new RegExp(`"term":${await term()},.*distributes the tables`);
      return programs.findIndex((program) => program.said(begun));
    },
    (found) => found >= 0,
  );
}

async function kill(i: number): Promise<void> {
  const port = portOf(programs[i]!);
  await programs[i]!.stop("SIGKILL");
  programs[i] = await start(String(port));
}

/** What befalls the distributor lasts until another one has taken the lease. */
async function untilTakenOver(disaster: (i: number) => unknown): Promise<void> {
  const holder = await distributor();
  const before = await term();
  await disaster(holder);
  await eventually(term, (now) => now > before);
}

/** Meanwhile others write: it wakes up to a world that has gone on. */
async function pauseDistributor(someWrites: () => Promise<void>): Promise<void> {
  let paused: Program | undefined;
  await untilTakenOver((i) => {
    paused = programs[i];
    paused!.process.kill("SIGSTOP");
  });
  await someWrites();
  paused!.process.kill("SIGCONT");
}

/** Addresses go round without a pause, however it is answered. */
async function move(isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const { body, status } = await look(`/v1/a2c?volumeId=${VOLUME}`);
    if (status !== 200) continue;
    const entries = SERVERS.map((_, i) => ({
      ...{ firstLba: (i * BLOCKS) / 3, lastLba: ((i + 1) * BLOCKS) / 3 - 1 },
      cNodeId: `c-${(i + n) % 3}`,
    }));
    await fetch(`${balancer.url}/v1/a2c/${VOLUME}`, {
      method: "PUT",
      headers: {
        ...{ connection: "close", "content-type": "application/json" },
        "if-match": `"${body.generation}.${body.revision}"`,
      },
      body: JSON.stringify({ entries }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => undefined);
    await eventually(
      () => look("/v1/cluster"),
      ({ body: cluster }) => isOver() || cluster?.storageServers?.current === SERVERS.length,
    );
  }
}

/** Status 0: whoever was asked is gone, or has no time. */
function look(path: string) {
  return demand("GET", path, undefined, { patienceMs: PATIENCE_MS }).catch(() => ({
    status: 0,
    body: undefined,
  }));
}

async function logOf(): Promise<Log> {
  const revisions = await database.rows("SELECT revision FROM revisions ORDER BY revision");
  const changes = await database.rows(
    "SELECT from_revision, id, labels FROM links ORDER BY from_revision",
  );
  return {
    revisions: revisions.map(([revision]) => Number(revision)),
    changes: changes.map(([revision, key, labels]) => ({
      ...{ revision: Number(revision), key: String(key) },
      value: labels === null ? "" : JSON.parse(String(labels)).value,
    })),
  };
}

describe.skipIf(!POSTGRES_URL)("three replicas", () => {
  it(
    "are one history, whatever happens to them and to the database",
    async () => {
      const known = await found();
      let reached = () => {};
      let left = 0;
      const writers = new Writers(
        programs.map((program): Place => ({ port: portOf(program) })),
        new Random(seed),
        () => {
          if (--left === 0) reached();
        },
      );
      const someWrites = () =>
        new Promise<void>((resolve) => {
          [left, reached] = [WRITES_BETWEEN, resolve];
        });
      let isOver = false;
      const running = [writers.run(WRITERS, known), move(() => isOver)];
      const disasters = [
        () => untilTakenOver(kill),
        () => pauseDistributor(someWrites),
        () => database.restart(),
        async () => kill(((await distributor()) + 1) % 3),
      ];
      for (let round = 0; round < ROUNDS; round++) {
        for (const disaster of disasters) {
          await someWrites();
          await disaster();
        }
      }
      await someWrites();
      isOver = true;
      writers.stop();
      await Promise.all(running);
      await writers.close();

      const log = await logOf();
      expect([...writers.mistakes, ...mistakesIn(writers.calls, log)]).toEqual([]);
      // A replica may not know yet of the last change, which another one has distributed.
      const minRevision = log.revisions.length;
      const haveHead = async () => {
        const { body } = await demand("GET", "/v1/a2c", undefined, { minRevision });
        return servers.have(body.digest) && servers.haveSettled(body.revision);
      };
      await eventually(haveHead, Boolean);
      expect(servers.mistakes).toEqual([]);
      const figures = {
        ...writers.figures,
        head: log.revisions.length,
        looks: servers.looks,
        term: await term(),
      };
      console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
      for (const count of Object.values(figures)) expect(count).toBeGreaterThan(0);
      // Each round takes the lease from a killed and from a paused process.
      expect(await term()).toBeGreaterThan(2 * ROUNDS);
    },
    ROUNDS * 120_000,
  );
});
