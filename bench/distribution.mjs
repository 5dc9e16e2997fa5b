/**
 * How long it takes until 1,000 storage servers have acknowledged a change, against a bare fan-out
 * of the same bytes to the same receivers; with some that hang; a burst; and a link flap on a
 * small and on a large table.
 */
import { Cluster, FanOut, names, SERVERS, sleep } from "./distribution-cluster.mjs";
import { median } from "./support.mjs";

const HANGING = names.filter((_, i) => i % 20 === 7);
const ROUNDS = 15;
const WARM_UP = 3;
const BURST = 200;
const BURST_MS = 5000;
/** So many addresses each of a burst moves: what is due is enough for all of them. */
const BURST_BUDGET = 50;

export async function distribution() {
  return {
    title: `Distribution to ${SERVERS.toLocaleString("en")} storage servers`,
    header: ["what", "time", "ratio", "messages each", "bytes each", "CPU", "memory"],
    rows: [...(await changes()), ...(await flaps())],
  };
}

/** Small changes: all there, some hanging, and a burst. */
async function changes() {
  const cluster = await Cluster.start({ ranges: SERVERS, blocks: 100_000 });
  const bare = new FanOut(cluster.receivers.url);
  try {
    await rounds(cluster, bare, WARM_UP);
    const measured = await rounds(cluster, bare, ROUNDS);
    const { decided, acknowledged, reached, fanOut, others, ...each } = measured;
    const burst = await burstOf(cluster);
    const memory = `${cluster.memoryMib().toFixed(0)} MiB`;
    return [
      ["bare fan-out of the same bytes", ms(fanOut), "1.00", "1.0", kib(each.largest), "", ""],
      [
        ...["commit → all acknowledged", ms(acknowledged), (acknowledged / fanOut).toFixed(2)],
        ...[each.messages.toFixed(1), kib(each.bytes), ms(each.cpuMs), memory],
      ],
      ["commit → all reached", ms(reached), (reached / fanOut).toFixed(2), "", "", "", ""],
      ["before the commit: planned, checked, stored", ms(decided), "", "", "", "", ""],
      [
        ...[`${HANGING.length} hang: commit → the others reached`, ms(others)],
        ...[`${(others / reached).toFixed(2)} of that`, "", "", "", ""],
      ],
      [
        ...[`first of ${BURST} rebalances asked for in ${BURST_MS / 1000} s → all acknowledged`],
        ...[ms(burst.ms), ""],
        ...[burst.messagesEach.toFixed(1), kib(burst.bytesEach), ms(burst.cpuMs), ""],
      ],
    ];
  } finally {
    await bare.close();
    await cluster.stop();
  }
}

/** In turns, so that whatever else the machine does falls on all of them: medians. */
async function rounds(cluster, bare, count) {
  const { receivers } = cluster;
  const times = { decided: [], acknowledged: [], reached: [], fanOut: [], others: [] };
  const sums = { messages: 0, bytes: 0, largest: 0, cpuMs: 0 };
  for (let round = 0; round < count; round++) {
    const cpuBefore = cluster.cpuSeconds();
    const { decidedMs, acknowledgedMs, reachedMs } = await cluster.change();
    await cluster.converged();
    sums.cpuMs += (cluster.cpuSeconds() - cpuBefore) * 1000;
    const { messages, bytes, largest } = await receivers.counts();
    sums.messages += messages;
    sums.bytes += bytes;
    sums.largest = Math.max(sums.largest, largest);
    times.decided.push(decidedMs);
    times.acknowledged.push(acknowledgedMs);
    times.reached.push(reachedMs);
    times.fanOut.push(await bare.send(largest));
    // They begin to hang anew: who is known to fail comes after the others.
    await receivers.hang(HANGING);
    times.others.push((await cluster.change(SERVERS - HANGING.length)).reachedMs);
    await receivers.hang([]);
    await cluster.converged();
    await receivers.counts();
  }
  const medians = Object.entries(times).map(([name, values]) => [name, median(values)]);
  return {
    ...Object.fromEntries(medians),
    messages: sums.messages / count / SERVERS,
    bytes: sums.bytes / count / SERVERS,
    cpuMs: sums.cpuMs / count,
    largest: sums.largest,
  };
}

/** Rebalances at an even pace, whether or not those before are done. */
async function burstOf(cluster) {
  await cluster.unbalanceHalf();
  // Those that hung are tried again after a pause, which is no matter of the burst.
  await cluster.converged();
  await cluster.receivers.counts();
  const cpuBefore = cluster.cpuSeconds();
  const start = performance.now();
  const asked = [];
  for (let i = 0; i < BURST; i++) {
    await sleep(start + (i * BURST_MS) / BURST - performance.now());
    const wait = i === BURST - 1 ? "?wait=converged&timeoutSeconds=60" : "";
    asked.push(cluster.rebalance(wait, BURST_BUDGET));
  }
  const lateMs = performance.now() - start - BURST_MS;
  if (lateMs > 0) throw new Error(`the burst was asked for ${lateMs} ms too late`);
  const idle = (await Promise.all(asked)).filter((each) => each.movedAddresses !== BURST_BUDGET);
  if (idle.length > 0) throw new Error(`${idle.length} rebalances had nothing to move`);
  const ms = performance.now() - start;
  await cluster.converged();
  const { messages, bytes } = await cluster.receivers.counts();
  const cpuMs = (cluster.cpuSeconds() - cpuBefore) * 1000;
  return { ms, cpuMs, messagesEach: messages / SERVERS, bytesEach: bytes / SERVERS };
}

/** One link is lost and comes back, each time with its rebalance. */
async function flaps() {
  const rows = [];
  let few;
  for (const ranges of [SERVERS, 1_000_000]) {
    const cluster = await Cluster.start({ ranges, blocks: 1_000_000, replicationCost: 0.3 });
    try {
      for (const state of ["down", "up"]) await cluster.flap(state);
      await cluster.receivers.counts();
      const cpuBefore = cluster.cpuSeconds();
      const moves = (await cluster.flap("down")) + (await cluster.flap("up"));
      const cpuMs = (cluster.cpuSeconds() - cpuBefore) * 1000;
      const { messages, bytes } = await cluster.receivers.counts();
      few ??= cpuMs;
      rows.push([
        `a link down and up, ${ranges.toLocaleString("en")} ranges: ${moves} moves`,
        ...["", (cpuMs / few).toFixed(2), (messages / SERVERS).toFixed(1)],
        ...[kib(bytes / SERVERS), ms(cpuMs), `${cluster.memoryMib().toFixed(0)} MiB`],
      ]);
    } finally {
      await cluster.stop();
    }
  }
  return rows;
}

const ms = (value) => `${value.toFixed(0)} ms`;
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
