/** The compiled service as a process of its own, on any free port of loopback, with a new store. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

export interface ServiceProcess {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startService(): Promise<ServiceProcess> {
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-client-"));
  const child = spawn(process.execPath, [join(repository, "dist/main.js")], {
    env: { PORT: "0", DATABASE_URL: `sqlite:${join(directory, "evenkeel.db")}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [url] = /http:\/\/[\w.]+:\d+/.exec(line) ?? [];
      if (url && line.includes("Server listening")) resolve(url);
    });
  });
  const failed = ended.then(([code]) => {
    throw new Error(`the service ended with ${code}; has it been built (npm run build)?`);
  });
  return { url: await Promise.race([listening, failed]), stop };
}
