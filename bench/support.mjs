/** What the benches share: the program on a temporary store, and medians. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Starts a script that prints where it listens; answers its address and how to end it. */
export async function startScript(script, environment = {}) {
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url) {
      // What it goes on to say must not fill the pipe; leaving this loop pauses it.
      setImmediate(() => child.stdout.resume());
      return { url, pid: child.pid, stop: () => stop(child) };
    }
  }
  throw new Error(`${script} ended before it listened`);
}

/** The program on a fresh store, which goes away with it. */
export async function startProgram(environment = {}) {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  const {
    url,
    pid,
    stop: end,
  } = await startScript(main, {
    PORT: "0",
    LOG_LEVEL: "info",
    DATABASE_URL: `sqlite:${join(directory, "evenkeel.db")}`,
    ...environment,
  });
  const stop = async () => {
    await end();
    rmSync(directory, { recursive: true });
  };
  return { url, pid, stop, directory };
}

async function stop(child) {
  child.stdout.resume();
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** A linear congruential generator: numbers from 0 to below a limit. */
export function generator(seed) {
  let value = seed;
  return (limit) => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((value / 2 ** 32) * limit);
  };
}
