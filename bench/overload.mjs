/**
 * Ten times what the service can serve, and connections that send their headers and bodies a byte
 * at a time: what is refused, what is heard all the same, and what is left when it is over.
 */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Client } from "undici";
import { openSlowConnections } from "./overload-slow.mjs";
import { startProgram } from "./support.mjs";

const [CAPACITY_SECONDS, OVERLOAD_SECONDS, REST_SECONDS] = [6, 20, 5];
const TIMES = 10;
const SLOW_CONNECTIONS = 200;
const PROBE_INTERVAL_MS = 50;
const [PROCESSES, RANGES, LINKS] = [100, 10_000, 40];

export async function overload() {
  const { url, pid, stop } = await startProgram();
  const load = new Worker(new URL("overload-load.mjs", import.meta.url), { workerData: { url } });
  try {
    await register(url);
    // The first round warms up and isn't counted.
    await run(load, { seconds: CAPACITY_SECONDS });
    const before = await run(load, { seconds: CAPACITY_SECONDS });
    const memory = watchMemory(pid);
    const closeSlow = openSlowConnections(url, SLOW_CONNECTIONS);
    const health = probe(url, { method: "GET", path: "/healthz" });
    const reports = probe(url, reportOf("s-1"));
    const during = await run(load, {
      seconds: OVERLOAD_SECONDS,
      perSecond: TIMES * before.servedPerSecond,
    });
    const [healthMs, reportMs] = [await health(), await reports()];
    const slow = closeSlow();
    const peakMiB = memory();
    await pause(REST_SECONDS * 1000);
    const restMiB = residentMiB(pid);
    const after = await run(load, { seconds: CAPACITY_SECONDS });
    return { ...table({ before, during, after, healthMs, reportMs, slow, peakMiB, restMiB }) };
  } finally {
    await load.terminate();
    await stop();
  }
}

function table({ before, during, after, healthMs, reportMs, slow, peakMiB, restMiB }) {
  const total = during.served + during.refused + during.failed;
  const share = (count) => `${((100 * count) / total).toFixed(1)} %`;
  const ms = (value) => `${value.toFixed(0)} ms`;
  const ratio = (rate) => (rate / before.servedPerSecond).toFixed(2);
  return {
    title: `Overload (${OVERLOAD_SECONDS} s of ${TIMES} times what can be served, and ${SLOW_CONNECTIONS} slow headers and bodies each)`,
    header: ["what", "value"],
    rows: [
      ["served before, per second", Math.round(before.servedPerSecond).toLocaleString("en")],
      ["sent ÷ served before", ratio(total / OVERLOAD_SECONDS)],
      ["refused with 429 or 503 and `Retry-After`", share(during.refused)],
      ["failed otherwise", share(during.failed)],
      ["served meanwhile ÷ before", ratio(during.servedPerSecond)],
      ["`/healthz`: p99, longest", `${ms(percentile(healthMs, 99))}, ${ms(Math.max(...healthMs))}`],
      ["reports: p99, longest", `${ms(percentile(reportMs, 99))}, ${ms(Math.max(...reportMs))}`],
      ["slow connections that were ended", slow.ended.toLocaleString("en")],
      ["memory at the peak ÷ before", (peakMiB.peak / peakMiB.first).toFixed(2)],
      [`memory ${REST_SECONDS} s later ÷ before`, (restMiB / peakMiB.first).toFixed(2)],
      ["served afterwards ÷ before", ratio(after.servedPerSecond)],
    ],
  };
}

function run(load, order) {
  return new Promise((resolve, reject) => {
    load.once("error", reject);
    load.once("message", (result) => {
      load.removeListener("error", reject);
      resolve(result);
    });
    load.postMessage(order);
  });
}

/** Calls again and again, each time over a new connection; answers how to stop, with the times. */
function probe(url, request) {
  const times = [];
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      const client = new Client(url);
      const start = performance.now();
      const { statusCode, body } = await client.request(request);
      await body.dump();
      times.push(performance.now() - start);
      await client.close();
      if (statusCode !== 200) throw new Error(`${request.path} answers ${statusCode}`);
      await pause(PROBE_INTERVAL_MS);
    }
  })();
  done.catch(() => {});
  return async () => {
    stopped = true;
    await done;
    return times;
  };
}

function watchMemory(pid) {
  const first = residentMiB(pid);
  let peak = first;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMiB(pid));
  }, 250);
  return () => {
    clearInterval(timer);
    return { first, peak };
  };
}

function residentMiB(pid) {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kib) / 1024;
}

function reportOf(id) {
  return {
    method: "POST",
    path: `/v1/storage-servers/${id}/report`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ generation: 1, revision: 0, digest: `xor-sha256:${"0".repeat(64)}` }),
  };
}

async function register(url) {
  const ids = Array.from({ length: PROCESSES }, (_, index) => index);
  const body = {
    storageServers: ids.map((n) => ({ id: `s-${n}` })),
    processes: ids.map((n) => ({
      ...{ id: `p-${n}`, storageServerId: `s-${n}`, rNodeId: `r-${n}`, cNodeId: `c-${n}` },
    })),
    links: ids.slice(0, LINKS).map((n) => ({ id: `held-${n}` })),
    linkAssignments: ids.slice(0, LINKS).map((n) => ({ linkId: `held-${n}`, rNodeId: `r-${n}` })),
    volumes: [
      {
        id: "vol-1",
        blockCount: RANGES * 10,
        entries: Array.from({ length: RANGES }, (_, index) => ({
          ...{ firstLba: index * 10, lastLba: index * 10 + 9, cNodeId: `c-${index % PROCESSES}` },
        })),
      },
    ],
  };
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${url}/v1/topology`, init);
  if (!answer.ok) throw new Error(await answer.text());
}

function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
