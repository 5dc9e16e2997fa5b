/**
 * `npm run test:crash -- --kills 500`, `npm run test:power-loss -- --images 750`,
 * `npm run test:disk -- --faults 5` and `npm run test:chaos -- --rounds 10`, each with `--seed 1` for
 * another seed: their numbers, for vitest.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const LONG = ["--config", "test/long.config.ts"];
const RUNS = {
  crash: { count: "kills", standard: "500", files: ["test/crash/crash.test.ts"] },
  "power-loss": {
    count: "images",
    standard: "750",
    files: [...LONG, "test/power-loss"],
    strace: true,
  },
  chaos: { count: "rounds", standard: "10", files: ["test/replicas/chaos.test.ts"] },
  disk: { count: "faults", standard: "5", files: [...LONG, "test/disk"], strace: true },
};

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const [name, ...parameters] = process.argv.slice(2);
const { count, standard, files, strace } = RUNS[name];
const options = { [count]: { type: "string", default: standard }, seed: { type: "string" } };
const { values } = parseArgs({ args: parameters, options });
for (const [option, value] of Object.entries(values)) {
  if (/^[1-9]\d{0,8}$/.test(value)) continue;
  refuse(`--${option} must be a whole number from 1, and is ${value}`);
}
if (strace && spawnSync("strace", ["-o", "/dev/null", "true"]).status !== 0) {
  refuse("this run needs strace, which is missing or may not trace here: apt-get install strace");
}
const { status } = spawnSync("npx", ["vitest", "run", ...files], {
  stdio: "inherit",
  env: {
    ...process.env,
    [`${name.toUpperCase().replace("-", "_")}_${count.toUpperCase()}`]: values[count],
    ...(values.seed && { TEST_SEED: values.seed }),
  },
});
process.exit(status ?? 1);
