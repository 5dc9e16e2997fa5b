/** No acknowledged write is lost, whenever the program is killed. */
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";
import { runKills } from "./kills.ts";

/** `npm run test:crash -- --kills 500` asks for more. */
const KILLS = Number(process.env.CRASH_KILLS ?? 20);
const KILL_MS_MAX = 10_000;
/** Most of the time goes into starts, which keep one processor busy. */
const AT_ONCE = 2;

it(
  `keeps what it has acknowledged through ${KILLS} kills from seed ${seed}`,
  async () => {
    const runs = Array.from({ length: AT_ONCE }, async (_, i) => {
      const kills = Math.floor((KILLS + i) / AT_ONCE);
      const parts = { seed: seed + i, kills, directory: temporaryDirectory() };
      const { mistakes, figures } = await runKills(parts);
      console.log(`seed ${seed + i}: ${figures}`);
      return mistakes.map((mistake) => `seed ${seed + i}: ${mistake}`);
    });
    expect((await Promise.all(runs)).flat()).toEqual([]);
  },
  60_000 + KILLS * KILL_MS_MAX,
);
