/** `lookup` over HTTP beside an empty Fastify route, in turn, each in a process of its own. */
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { median, startProgram, startScript } from "./support.mjs";

const ROUNDS = 4;
const ROUND_SECONDS = 3;
const CONNECTIONS = 32;
const emptyRoute = fileURLToPath(new URL("empty-route.mjs", import.meta.url));

export async function lookup() {
  const [program, empty] = [await startProgram(), await startScript(emptyRoute)];
  const routes = {
    "empty Fastify route": empty.url,
    lookup: `${program.url}/v1/a2c/vol-1/lookup?firstLba=23&lastLba=43`,
  };
  const perSecond = { "empty Fastify route": [], lookup: [] };
  try {
    await register(program.url);
    // The first round warms both up and isn't counted.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, url] of Object.entries(routes)) {
        const rate = await measure(url);
        if (round > 0) perSecond[name].push(rate);
      }
    }
  } finally {
    await Promise.all([program.stop(), empty.stop()]);
  }
  const base = median(perSecond["empty Fastify route"]);
  return {
    title: `Lookup (${CONNECTIONS} connections, ${ROUND_SECONDS} s a round)`,
    header: ["route", "requests per second", "ratio"],
    rows: Object.entries(perSecond).map(([name, rates]) => {
      const rate = median(rates);
      return [name, Math.round(rate).toLocaleString("en"), (rate / base).toFixed(2)];
    }),
  };
}

async function measure(url) {
  const result = await autocannon({ url, duration: ROUND_SECONDS, connections: CONNECTIONS });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} refused`);
  return result.requests.total / result.duration;
}

async function register(url) {
  const processes = ["1", "2", "3"].map((n) => ({
    id: n,
    storageServerId: "s",
    rNodeId: `r-${n}`,
    cNodeId: `c-${n}`,
  }));
  const body = {
    storageServers: [{ id: "s" }],
    processes,
    volumes: [
      {
        id: "vol-1",
        blockCount: 101,
        entries: [
          { firstLba: 0, lastLba: 32, cNodeId: "c-1" },
          { firstLba: 33, lastLba: 66, cNodeId: "c-2" },
          { firstLba: 67, lastLba: 100, cNodeId: "c-3" },
        ],
      },
    ],
  };
  const answer = await fetch(`${url}/v1/topology`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
