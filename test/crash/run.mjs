/** `npm run test:crash -- --kills 500 --seed 1`: a run of kills by its number, for vitest. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "500" }, seed: { type: "string" } },
});
for (const [name, value] of Object.entries(values)) {
  if (/^[1-9]\d{0,8}$/.test(value)) continue;
  process.stderr.write(`--${name} must be a whole number from 1, and is ${value}\n`);
  process.exit(1);
}
const { status } = spawnSync("npx", ["vitest", "run", "test/crash/crash.test.ts"], {
  stdio: "inherit",
  env: {
    ...process.env,
    CRASH_KILLS: values.kills,
    ...(values.seed && { TEST_SEED: values.seed }),
  },
});
process.exit(status ?? 1);
