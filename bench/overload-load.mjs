/** A mix of calls, in a thread of its own: as fast as it is answered, or so many a second. */
import { parentPort, workerData } from "node:worker_threads";
import { Pool } from "undici";

const CALLERS = 32;
const TICK_MS = 10;
/** Whoever has so many unanswered sends nothing more: a crowd of clients is not endless. */
const UNANSWERED_MAX = 3_000;

const pool = new Pool(workerData.url, { connections: UNANSWERED_MAX, pipelining: 1 });
const json = { "content-type": "application/json" };
let sent = 0;

/** Of twenty calls: ten writes, seven lookups, a look at the cluster, a plan, the whole table. */
function next() {
  const number = sent++;
  const kind = number % 20;
  if (kind < 10)
    return {
      method: "PUT",
      path: `/v1/links/l-${number % 500}`,
      headers: json,
      body: `{"labels":{"n":"${number}"}}`,
    };
  if (kind < 17) return { method: "GET", path: "/v1/a2c/vol-1/lookup?firstLba=500&lastLba=700" };
  if (kind === 17) return { method: "GET", path: "/v1/cluster" };
  if (kind === 18)
    return { method: "POST", path: "/v1/rebalances", headers: json, body: '{"dryRun":true}' };
  return { method: "GET", path: "/v1/a2c" };
}

async function call(counts) {
  try {
    const { statusCode, headers, body } = await pool.request(next());
    await body.dump();
    if (statusCode < 300) counts.served++;
    else if ((statusCode === 429 || statusCode === 503) && headers["retry-after"]) counts.refused++;
    else counts.failed++;
  } catch {
    counts.failed++;
  }
}

async function run({ seconds, perSecond }) {
  const counts = { served: 0, refused: 0, failed: 0 };
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  if (perSecond === undefined) await callInTurn(counts, () => elapsed() > seconds);
  else await callAtRate(counts, { seconds, perSecond, elapsed });
  return { ...counts, servedPerSecond: counts.served / elapsed() };
}

/** Each of a few callers waits for its answer before it goes on. */
async function callInTurn(counts, isOver) {
  const caller = async () => {
    while (!isOver()) await call(counts);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** So many a second, whatever becomes of them. */
async function callAtRate(counts, { seconds, perSecond, elapsed }) {
  const unanswered = new Set();
  for (let due = 0; elapsed() < seconds; ) {
    const begun = due;
    due = Math.floor(elapsed() * perSecond);
    const room = Math.min(due - begun, UNANSWERED_MAX - unanswered.size);
    for (let index = 0; index < room; index++) {
      const one = call(counts).finally(() => unanswered.delete(one));
      unanswered.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(unanswered);
}

parentPort.on("message", async (order) => parentPort.postMessage(await run(order)));
