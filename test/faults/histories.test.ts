/** No storage server is left behind, whatever happens on the way (distribution, rules 1 to 9). */
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { FAULTS } from "./fault-layer.ts";
import { runHistory } from "./history.ts";
import { ACCIDENTS } from "./receiver.ts";

/** `npm run test:faults` asks for more, and who repeats one for less. */
const STANDARD = 8;
const HISTORIES = Number(process.env.FAULT_HISTORIES ?? STANDARD);
const HISTORY_MS_MAX = 20_000;

it(
  `all receivers end with the head in ${HISTORIES} histories from seed ${seed}`,
  async () => {
    const found: string[] = [];
    const met = new Map<string, number>();
    for (let i = 0; i < HISTORIES && found.length === 0; i++) {
      const outcome = await runHistory(seed + i);
      for (const mistake of outcome.mistakes) found.push(`seed ${seed + i}: ${mistake}`);
      for (const [name, count] of outcome.met) met.set(name, (met.get(name) ?? 0) + count);
    }
    expect(found).toEqual([]);
    // A fault that never came proves nothing.
    if (HISTORIES < STANDARD) return;
    const missing = [...FAULTS, ...ACCIDENTS, "service killed"].filter((name) => !met.has(name));
    expect(missing).toEqual([]);
  },
  HISTORIES * HISTORY_MS_MAX,
);
