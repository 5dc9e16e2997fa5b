/** No storage server is left behind by a service that is killed (distribution, rule 8). */
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";
import { runKilledHistory } from "./killed-history.ts";

/** One for so many of the others: each starts the program four times. */
const HISTORIES = Math.ceil(Number(process.env.FAULT_HISTORIES ?? 8) / 25);
const HISTORY_MS_MAX = 60_000;

it(
  `all receivers end with the head in ${HISTORIES} histories of kills from seed ${seed}`,
  async () => {
    const found: string[] = [];
    for (let i = 0; i < HISTORIES && found.length === 0; i++) {
      const mistakes = await runKilledHistory(seed + i, temporaryDirectory());
      for (const mistake of mistakes) found.push(`seed ${seed + i}: ${mistake}`);
    }
    expect(found).toEqual([]);
  },
  HISTORIES * HISTORY_MS_MAX,
);
