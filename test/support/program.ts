/** The compiled program as a process of its own, on loopback. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
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
  /** Whether such a line has come so far. */
  said(wanted: RegExp): boolean;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<Ended>;
  /** Ends it and tells how it ended. */
  stop(signal: NodeJS.Signals): Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program extends Running {
  readonly url: string;
  /** Its own, where another program runs it. */
  readonly pid: number;
}

/**
 * Starts the program, or another script that does as it, on any free port and resolves when it
 * listens.
 */
export async function startProgram(
  environment: Record<string, string>,
  script = "main.js",
): Promise<Program> {
  return untilListening(startEntry(script, { PORT: "0", ...environment }));
}

/** The same under another program that runs it, such as strace. */
export function startUnder(
  command: string,
  parameters: readonly string[],
  { cwd, environment }: { cwd?: string; environment: Record<string, string> },
): Running {
  const line = [...parameters, process.execPath, compiled("main.js")];
  const env = { PATH: process.env.PATH, PORT: "0", ...environment };
  const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
  const child = spawn(command, line, { cwd, env, stdio, detached: true });
  // The whole group, or what it runs would be left behind.
  onTestFinished(() => {
    if (isRunning(child)) process.kill(-child.pid!, "SIGKILL");
  });
  return watch(child);
}

export async function untilListening(running: Running): Promise<Program> {
  const line = await running.until(/Server listening/);
  const [url = ""] = /https?:\/\/[\w.:[\]]+:\d+/.exec(line) ?? [];
  return { ...running, url, pid: JSON.parse(line).pid };
}

/** Starts another process of the package, named by its file in `dist`. */
export function startEntry(entry: string, environment: Record<string, string>): Running {
  return watch(run(entry, environment));
}

function watch(child: ChildProcess): Running {
  const seen: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    seen.push(line);
    for (const look of [...waiting]) look(line);
  });
  let complaint = "";
  child.stderr!.on("data", (data) => (complaint += data));
  const until = (wanted: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const found = seen.find((line) => wanted.test(line));
      if (found !== undefined) return resolve(found);
      waiting.add((line) => {
        if (wanted.test(line)) resolve(line);
      });
      child.once("close", (code) => {
        reject(new Error(`the program ended with ${code}: ${complaint}`));
      });
    });
  const said = (wanted: RegExp) => seen.some((line) => wanted.test(line));
  const ended = once(child, "exit").then(([code, signal]): Ended => ({ code, signal }));
  const stop = (signal: NodeJS.Signals) => {
    if (isRunning(child)) child.kill(signal);
    return ended;
  };
  return { process: child, until, said, ended, stop };
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

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
