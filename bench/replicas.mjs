/**
 * What replicas cost and bring: durable writes, and how long until all storage servers have
 * acknowledged a rebalance, on SQLite and with one, two and three processes on PostgreSQL.
 */

import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { Pool } from "undici";
import { median, startProgram } from "./support.mjs";

const REPLICAS = [1, 2, 3];
const ROUNDS = 3;
const WRITES = 400;
const WRITERS = [16, 64];
const SERVERS = 100;
const CHANGES = 10;
/** Between two looks whether a change has arrived. */
const PAUSE_MS = 100;
const receiversScript = fileURLToPath(new URL("./receivers.mjs", import.meta.url));

export async function replicas() {
  const title = `Replicas on PostgreSQL, beside SQLite (${SERVERS} storage servers)`;
  const header = ["store", ...WRITERS.map((n) => `writes/s, ${n} writers`), "ratio"];
  header.push("decided → all acknowledged", "ratio");
  if (!process.env.TEST_POSTGRES_URL) {
    console.log("\nreplicas: left out, run it with `bash scripts/with-postgres.sh npm run bench`");
    return { title, header, rows: [] };
  }
  const setups = [await Setup.start("SQLite, 1 process", [{}])];
  for (const count of REPLICAS) setups.push(await onPostgres(count));
  try {
    // In turns, so that whatever else the machine does falls on all of them.
    for (let round = 0; round < ROUNDS; round++) {
      for (const setup of setups) await setup.measure(round);
    }
  } finally {
    for (const setup of setups) await setup.stop();
  }
  const [first] = setups.map((setup) => setup.medians());
  const rows = setups.map((setup) => {
    const { rates, converged } = setup.medians();
    return [
      setup.name,
      ...rates.map((rate) => Math.round(rate).toLocaleString("en")),
      (rates.at(-1) / first.rates.at(-1)).toFixed(2),
      `${converged.toFixed(0)} ms`,
      (converged / first.converged).toFixed(2),
    ];
  });
  return { title, header, rows };
}

/** Processes on a schema of their own. */
async function onPostgres(count) {
  const schema = `bench_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(process.env.TEST_POSTGRES_URL);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.end();
  url.searchParams.set("options", `-c search_path=${schema}`);
  const environments = Array.from({ length: count }, () => ({ DATABASE_URL: url.href }));
  return Setup.start(`PostgreSQL, ${count} ${count === 1 ? "process" : "processes"}`, environments);
}

class Setup {
  static async start(name, environments) {
    const programs = [];
    for (const environment of environments) programs.push(await startProgram(environment));
    const receivers = fork(receiversScript);
    const [{ url }] = await once(receivers, "message");
    const setup = new Setup(name, programs, receivers);
    const ids = Array.from({ length: SERVERS }, (_, i) => `s-${i}`);
    await setup.call("POST", "/v1/topology", {
      storageServers: ids.map((id) => ({ id, callbackUrl: `${url}/${id}` })),
      processes: ids.map((id) => ({
        ...{ id: `p-${id}`, storageServerId: id, rNodeId: `r-${id}`, cNodeId: `c-${id}` },
      })),
      volumes: [{ id: "v", blockCount: 100_000 }],
    });
    return setup;
  }

  constructor(name, programs, receivers) {
    this.name = name;
    this.programs = programs;
    this.receivers = receivers;
    this.pools = programs.map(({ url }) => new Pool(url, { connections: 64 }));
    this.rates = WRITERS.map(() => []);
    this.converged = [];
    this.turn = 0;
    this.known = 0;
  }

  async measure(round) {
    for (const [i, writers] of WRITERS.entries()) {
      this.rates[i].push(await this.rate(writers, `${round}-${writers}`));
    }
    for (let i = 0; i < CHANGES; i++) {
      const owner = (lba) => `c-s-${(lba + this.turn) % SERVERS}`;
      const entries = Array.from({ length: SERVERS }, (_, n) => ({
        ...{ firstLba: n * 1000, lastLba: n * 1000 + 999, cNodeId: owner(n) },
      }));
      const { etag } = await this.call("GET", "/v1/a2c?volumeId=v");
      const { revision } = await this.call("PUT", "/v1/a2c/v", { entries }, { "if-match": etag });
      this.converged.push(await this.convergence(revision));
    }
  }

  /** By the store's own times of both, so that asking for them takes no part in it. */
  async convergence(revision) {
    const { at } = await this.call("GET", `/v1/revisions/${revision}`);
    for (;;) {
      const { convergedAt } = await this.call("GET", `/v1/revisions/${revision}/delivery`);
      if (convergedAt) return Date.parse(convergedAt) - Date.parse(at);
      await sleep(PAUSE_MS);
    }
  }

  /** Writes per second of so many writers, spread over the processes. */
  async rate(writers, name) {
    const start = performance.now();
    let next = 0;
    const writer = async (_, w) => {
      while (next < WRITES) {
        await this.call("PUT", `/v1/links/${name}-${next++}`, {}, {}, w);
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
    return WRITES / ((performance.now() - start) / 1000);
  }

  /** At one process after another; a read sees what was acknowledged before. */
  async call(method, path, body, headers = {}, at = this.turn++) {
    const pool = this.pools[at % this.pools.length];
    const answer = await pool.request({
      ...{ method, path },
      headers: {
        ...(method === "GET" && { "min-revision": String(this.known) }),
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${text}`);
    const revision = Number(answer.headers.revision);
    if (method !== "GET") this.known = Math.max(this.known, revision);
    return { ...JSON.parse(text), revision, etag: answer.headers.etag };
  }

  medians() {
    return { rates: this.rates.map(median), converged: median(this.converged) };
  }

  async stop() {
    for (const pool of this.pools) await pool.close();
    for (const program of this.programs) await program.stop();
    const ended = once(this.receivers, "exit");
    this.receivers.disconnect();
    await ended;
  }
}
