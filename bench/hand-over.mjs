/**
 * How long an address that moves is refused: from when the server that lost it stops serving it
 * until the one that gained it begins to. Real agents on loopback, with their files, and a
 * rebalance to and fro.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layoutOf } from "../dist/simulator/layout.js";
import { ServiceCalls } from "../dist/simulator/service-calls.js";
import { SourceSystem } from "../dist/simulator/source-system.js";
import { median, startProgram } from "./support.mjs";

const SERVERS = [3, 100];
const ROUNDS = 20;

const clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

export async function handOver() {
  const measured = [];
  for (const servers of SERVERS) measured.push({ servers, ...(await measure(servers)) });
  const [few] = measured.map(({ refusedMs }) => median(refusedMs));
  return {
    title: `Hand-over: how long a moved address is refused (${ROUNDS} rebalances)`,
    header: ["servers", "runs moved", "median", "longest", "ratio of medians", "all acknowledged"],
    rows: measured.map(({ servers, refusedMs, convergedMs }) => [
      servers,
      refusedMs.length.toLocaleString("en"),
      `${median(refusedMs).toFixed(1)} ms`,
      `${Math.max(...refusedMs).toFixed(1)} ms`,
      (median(refusedMs) / few).toFixed(1),
      `${median(convergedMs).toFixed(0)} ms`,
    ]),
  };
}

async function measure(servers) {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  const program = await startProgram();
  const service = new ServiceCalls(program.url);
  const watch = { look: () => {} };
  const layout = layoutOf({
    servers,
    processes: servers,
    links: Math.ceil(servers / 3),
    volumes: 1,
  });
  const system = await SourceSystem.start({
    ...{ layout, service, directory, clock, random: Math.random },
    onChange: () => watch.look(),
  });
  try {
    const refusedMs = [];
    const convergedMs = [];
    await service.rebalance("warm-up");
    for (let round = 0; round < ROUNDS; round++) {
      // The middle process goes from half to double the weight and back.
      const weight = round % 2 === 0 ? 2 : 0.5;
      await call(program.url, "PATCH", `/v1/processes/${layout.processes[1].id}`, { weight });
      const { moves } = await call(program.url, "POST", "/v1/rebalances", { dryRun: true });
      const runs = watchRuns(system, moves);
      watch.look = runs.look;
      const start = performance.now();
      await service.rebalance("measured");
      convergedMs.push(performance.now() - start);
      refusedMs.push(...(await runs.served));
    }
    return { refusedMs, convergedMs };
  } finally {
    await system.close();
    await program.stop();
    rmSync(directory, { recursive: true });
  }
}

/** Looks at each move whenever a server has something new. */
function watchRuns(system, moves) {
  const process = (cNodeId) => system.processes.find(({ spec }) => spec.cNodeId === cNodeId);
  const serves = (cNodeId, run) =>
    system.serverOf(process(cNodeId)).agent.admit(cNodeId, run).kind === "serve";
  const runs = moves.map((move) => ({ ...move, lostAt: undefined, servedAt: undefined }));
  let done = () => {};
  const served = new Promise((resolve) => {
    done = resolve;
  });
  const look = () => {
    const now = performance.now();
    for (const run of runs) {
      if (run.lostAt === undefined && !serves(run.fromCNodeId, run)) run.lostAt = now;
      if (run.servedAt === undefined && serves(run.toCNodeId, run)) run.servedAt = now;
    }
    if (runs.every(({ servedAt }) => servedAt !== undefined)) {
      done(runs.map(({ lostAt, servedAt }) => servedAt - lostAt));
    }
  };
  return { look, served };
}

async function call(url, method, path, body) {
  const answer = await fetch(`${url}${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}
