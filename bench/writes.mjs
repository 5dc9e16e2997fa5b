/** Durable writes over HTTP: one writer after another, and 64 at once (group commit). */
import { Pool } from "undici";
import { median, startProgram } from "./support.mjs";

const ROUNDS = 3;
const WRITES = 2_000;
const WRITERS = [1, 64];

export async function writes() {
  const { url, stop } = await startProgram();
  const perSecond = new Map(WRITERS.map((writers) => [writers, []]));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const writers of WRITERS) {
        perSecond.get(writers).push(await rate(url, writers, `${round}-${writers}`));
      }
    }
  } finally {
    await stop();
  }
  const alone = median(perSecond.get(1));
  return {
    title: `Durable writes (\`PUT /v1/links/{id}\`, ${WRITES.toLocaleString("en")} each)`,
    header: ["writers", "writes per second", "ratio"],
    rows: WRITERS.map((writers) => {
      const rateOf = median(perSecond.get(writers));
      return [writers, Math.round(rateOf).toLocaleString("en"), (rateOf / alone).toFixed(1)];
    }),
  };
}

/** Writes per second of so many writers, each waiting for its answer before it goes on. */
async function rate(url, writers, name) {
  const pool = new Pool(url, { connections: writers });
  const start = performance.now();
  let next = 0;
  const writer = async () => {
    while (next < WRITES) {
      const { statusCode, body } = await pool.request({
        method: "PUT",
        path: `/v1/links/${name}-${next++}`,
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      await body.dump();
      if (statusCode !== 201) throw new Error(`the write was answered with ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  return WRITES / seconds;
}
