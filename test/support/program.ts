/** The compiled program as a process of its own, on loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
/** By its path in `dist`, or an absolute one. */
const compiled = (entry: string) => resolve(dist, entry);

export interface Running {
  readonly process: ChildProcess;
  /** Resolves with the line of its standard output that matches, also where it came before. */
  until(wanted: RegExp): Promise<string>;
  /** Ends it and tells how it ended. */
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface Program extends Running {
  readonly url: string;
}

/**
 * Starts the program, or another script that does as it, on any free port and resolves when it
 * listens.
 */
export async function startProgram(
  environment: Record<string, string>,
  script = "main.js",
): Promise<Program> {
  const program = startEntry(script, { PORT: "0", ...environment });
  const line = await program.until(/Server listening/);
  const [url = ""] = /https?:\/\/[\w.:[\]]+:\d+/.exec(line) ?? [];
  return { ...program, url };
}

/** Starts another process of the package, named by its file in `dist`. */
export function startEntry(entry: string, environment: Record<string, string>): Running {
  const child = run(entry, environment);
  const seen: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    seen.push(line);
    for (const look of [...waiting]) look(line);
  });
  const until = (wanted: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const found = seen.find((line) => wanted.test(line));
      if (found !== undefined) return resolve(found);
      waiting.add((line) => {
        if (wanted.test(line)) resolve(line);
      });
      child.once("exit", (code) => reject(new Error(`the program ended with ${code}`)));
    });
  return { process: child, until, stop: (signal) => stop(child, signal) };
}

/** Runs the program to its end. */
export async function runToEnd(
  environment: Record<string, string>,
  entry = "main.js",
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = run(entry, environment);
  const output = { stdout: "", stderr: "" };
  child.stdout!.on("data", (data) => (output.stdout += data));
  child.stderr!.on("data", (data) => (output.stderr += data));
  const [code] = await once(child, "close");
  return { code, ...output };
}

function run(entry: string, environment: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [compiled(entry)], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
  return { code: child.exitCode, signal: child.signalCode };
}
