/** Mistakes planted in the program, each of which a run of kills must find. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";
import { runKills } from "./kills.ts";

const SCRIPT = fileURLToPath(new URL("./faulty-program.mjs", import.meta.url));
const KILLS_MAX = 40;

it.each([
  ["answers early", /was acknowledged|was told|the service/],
  ["forgets keys", /though it had been done|was done in/],
])("finds a program that %s", { timeout: KILLS_MAX * 10_000 }, async (FAULT, words) => {
  const directory = temporaryDirectory();
  const parts = { seed, kills: KILLS_MAX, directory, script: SCRIPT, environment: { FAULT } };
  const { mistakes } = await runKills(parts);
  expect(mistakes.join("\n")).toMatch(words);
});
