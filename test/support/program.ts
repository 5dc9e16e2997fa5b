/** The compiled program as a process of its own, on loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface Program {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it and tells how it ended. */
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts the program, or another script that does as it, on any free port and resolves when it
 * listens.
 */
export async function startProgram(
  environment: Record<string, string>,
  script = main,
): Promise<Program> {
  const child = run({ PORT: "0", ...environment }, script);
  const url = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => {
      const [listening] = /https?:\/\/[\w.:[\]]+:\d+/.exec(line) ?? [];
      if (listening && line.includes("Server listening")) resolve(listening);
    });
    child.once("exit", (code) => reject(new Error(`the program ended with ${code}`)));
  });
  return { url, process: child, stop: (signal) => stop(child, signal) };
}

/** Runs the program to its end. */
export async function runToEnd(
  environment: Record<string, string>,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = run(environment);
  const output = { stdout: "", stderr: "" };
  child.stdout!.on("data", (data) => (output.stdout += data));
  child.stderr!.on("data", (data) => (output.stderr += data));
  const [code] = await once(child, "close");
  return { code, ...output };
}

function run(environment: Record<string, string>, script = main): ChildProcess {
  const child = spawn(process.execPath, [script], {
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
