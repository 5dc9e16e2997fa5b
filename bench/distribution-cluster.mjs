/** The program with 1,000 cheap storage servers, and what is measured of it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, watch } from "node:fs";
import { fileURLToPath } from "node:url";
import { Agent } from "undici";
import { startProgram } from "./support.mjs";

export const SERVERS = 1000;
export const names = Array.from({ length: SERVERS }, (_, i) => `s-${String(i).padStart(4, "0")}`);
/** So many addresses a rebalance moves at most, unless said: a delta of some rows. */
const BUDGET = 200;
/** After so long, all that went before stands in the log. */
const QUIET_MS = 100;
const TICKS_PER_SECOND = 100;
const script = fileURLToPath(new URL("./receivers.mjs", import.meta.url));

const now = () => performance.timeOrigin + performance.now();
export const sleep = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));

const processOf = (id) => ({
  ...{ id: `p-${id}`, storageServerId: id, rNodeId: `r-${id}`, cNodeId: `c-${id}` },
});

export class Cluster {
  /** A volume of so many ranges, which nobody but their neighbours could be merged with. */
  static async start({ ranges, blocks, replicationCost = 0.001 }) {
    const receivers = await startReceivers();
    const cluster = new Cluster(await startProgram(), receivers);
    const linked = names.slice(SERVERS / 2);
    await cluster.call("POST", "/v1/topology", {
      storageServers: names.map((id) => ({ id, callbackUrl: `${receivers.url}/${id}` })),
      processes: names.map(processOf),
      links: linked.map((id) => ({ id: `l-${id}` })),
      linkAssignments: linked.map((id) => ({ linkId: `l-${id}`, rNodeId: `r-${id}` })),
    });
    await cluster.call("PATCH", "/v1/cluster", { settings: { replicationCost } });
    await cluster.call("PUT", "/v1/volumes/v", { blockCount: blocks });
    const length = blocks / ranges;
    const entries = Array.from({ length: ranges }, (_, i) => ({
      ...{ firstLba: i * length, lastLba: (i + 1) * length - 1 },
      cNodeId: `c-${names[(i * 7919) % SERVERS]}`,
    }));
    const { etag } = await cluster.call("GET", "/v1/volumes/v");
    await cluster.call("PUT", "/v1/a2c/v", { entries }, { "if-match": etag });
    await cluster.converged();
    return cluster;
  }

  constructor(program, receivers) {
    this.program = program;
    this.receivers = receivers;
    this.heavy = false;
  }

  /** Makes a rebalance due: a process is given another weight; the revision of that. */
  async unbalance() {
    this.heavy = !this.heavy;
    const weight = this.heavy ? 2 : 0.5;
    return (await this.call("PATCH", `/v1/processes/p-${names[1]}`, { weight })).revision;
  }

  /** Makes many rebalances due at once: half of the processes are given another weight. */
  unbalanceHalf() {
    const processes = names.slice(0, SERVERS / 2).map((id) => ({ ...processOf(id), weight: 4 }));
    return this.call("POST", "/v1/topology", { processes });
  }

  rebalance(wait = "", maxMovedAddresses = BUDGET) {
    const order = { strategy: "equalize", maxMovedAddresses };
    return this.call("POST", `/v1/rebalances${wait}`, order);
  }

  /**
   * A rebalance: milliseconds from its commit until so many servers had it, and until all had
   * acknowledged; and what it took before, from the decision on.
   */
  async change(servers = SERVERS) {
    const revision = (await this.unbalance()) + 1;
    await sleep(QUIET_MS);
    const reached = this.receivers.reached(revision, servers);
    const committed = this.#nextCommit();
    const wait = servers === SERVERS ? "?wait=converged&timeoutSeconds=60" : "";
    const { answeredAt } = await this.rebalance(wait);
    const committedAt = await committed;
    const { at } = await this.call("GET", `/v1/revisions/${revision}`);
    return {
      decidedMs: committedAt - Date.parse(at),
      acknowledgedMs: answeredAt - committedAt,
      reachedMs: (await reached) - committedAt,
    };
  }

  /**
   * When the next transaction begins to stand in the write-ahead log. That is the commit as it
   * can be seen from outside, a little early: it counts when the log is on the disk.
   */
  #nextCommit() {
    return new Promise((resolve) => {
      const watcher = watch(this.program.directory, (_, file) => {
        if (!file.endsWith("-wal")) return;
        watcher.close();
        resolve(now());
      });
    });
  }

  /** A link is lost or comes back, with its rebalance; how many moves that takes. */
  async flap(state) {
    const linkId = `l-${names[SERVERS - 1]}`;
    await this.call("PATCH", `/v1/links/${linkId}`, { state });
    if (state === "up") {
      const path = `/v1/link-assignments/${linkId}`;
      await this.call("PUT", path, { rNodeId: `r-${names[SERVERS - 1]}` });
    }
    const { moveCount } = await this.call("POST", "/v1/rebalances", { strategy: "equalize" });
    await this.converged();
    return moveCount;
  }

  /** Waits until every server has what is the head now. */
  async converged() {
    const { revision } = await this.call("GET", "/v1/link-assignments");
    for (;;) {
      const { acked } = await this.call("GET", `/v1/revisions/${revision}/delivery`);
      if (acked === SERVERS) break;
      await sleep(50);
    }
    // The last of what is settled is on its way.
    await sleep(300);
  }

  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.program.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  memoryMib() {
    const status = readFileSync(`/proc/${this.program.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(`${this.program.url}${path}`, {
      method,
      // A connection that stood idle for a large change may just be closed by the other side.
      headers: {
        connection: "close",
        ...(body ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    // When the answer begins: reading a large one is no matter of what it tells.
    const answeredAt = now();
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${text}`);
    const [etag, revision] = [answer.headers.get("etag"), Number(answer.headers.get("revision"))];
    return { revision, ...JSON.parse(text), ...(etag ? { etag } : {}), answeredAt };
  }

  async stop() {
    await this.program.stop();
    await this.receivers.stop();
  }
}

async function startReceivers() {
  const child = fork(script);
  const [{ url }] = await once(child, "message");
  const ask = async (message) => {
    const answered = once(child, "message");
    child.send(message);
    return (await answered)[0];
  };
  return {
    url,
    hang: (hanging) => ask({ hang: hanging.map((name) => `/${name}`) }),
    /** Since it was asked before. */
    counts: async () => (await ask({ count: true })).counts,
    /** When so many servers have been sent a revision, in milliseconds since 1970. */
    reached: async (revision, servers) => (await ask({ await: { revision, servers } })).reached,
    stop: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/**
 * The same bytes to every receiver by undici alone, as one would write it: a kept connection per
 * server, all asked at once. Headers and body are as long as those of the service and stand ready:
 * nothing is signed, checked or written down. It has a process of its own, as the service has.
 */
export class FanOut {
  #url;
  #targets = names.map((name) => ({
    agent: new Agent({ connections: 1, pipelining: 1 }),
    path: `/bare/${name}`,
    headers: {
      "content-type": "application/json",
      "user-agent": "evenkeel",
      "storage-server-id": name,
      "webhook-id": `msg_${"0".repeat(32)}`,
      "webhook-timestamp": "1700000000",
      "webhook-signature": `v1,${"A".repeat(43)}=`,
    },
  }));

  constructor(url) {
    this.#url = url;
  }

  /** Milliseconds until all have answered. */
  async send(bytes) {
    const heading =
      '{"type":"tables.update","kind":"delta","generation":1,"revision":1,"padding":"';
    const ending = `","digest":"xor-sha256:${"0".repeat(64)}"}`;
    const body = Buffer.from(heading.padEnd(bytes - ending.length, ".") + ending);
    const start = now();
    await Promise.all(this.#targets.map((target) => this.#post(target, body)));
    return now() - start;
  }

  close() {
    return Promise.all(this.#targets.map(({ agent }) => agent.close()));
  }

  async #post({ agent, path, headers }, body) {
    const origin = this.#url;
    const answer = await agent.request({ origin, path, method: "POST", headers, body });
    await answer.body.text();
  }
}
