import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { type Client, startWorkedExample, temporaryDirectory } from "../support/service.ts";

const RESTORE = fileURLToPath(new URL("../../dist/restore/main.js", import.meta.url));

/** Runs the program behind `npm run restore` to its end. */
export async function runRestore(
  { file, target }: { file: string; target: string },
  environment: Record<string, string> = {},
) {
  const child = spawn(process.execPath, [RESTORE, file], {
    env: { PATH: process.env.PATH, DATABASE_URL: `sqlite:${target}`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (output.stdout += data));
  child.stderr.on("data", (data) => (output.stderr += data));
  const [code, signal] = await once(child, "close");
  return { code, signal, ...output };
}

export interface BackedUp {
  readonly client: Client;
  readonly target: string;
  readonly backup: string;
}

/** The worked example with a backup of revision 1, and one revision more. */
export async function startBackedUp(): Promise<BackedUp> {
  const target = join(temporaryDirectory(), "evenkeel.db");
  const client = await startWorkedExample({ DATABASE_URL: `sqlite:${target}` });
  const backup = await backUp(client, target);
  await client.put("/v1/links/later", {});
  return { client, target, backup };
}

/** The same, and the service has ended. */
export async function stoppedBackedUp(): Promise<Omit<BackedUp, "client">> {
  const { client, ...files } = await startBackedUp();
  await client.service.close();
  return files;
}

export async function backUp(client: Client, target: string): Promise<string> {
  const { status, body } = await client.callOverSocket("POST", "/v1/backups");
  if (status !== 201) throw new Error(`the backup was refused with ${status}`);
  return join(dirname(target), "backups", body.name);
}

export const sha256Of = (file: string) =>
  createHash("sha256").update(readFileSync(file)).digest("hex");

/** What is beside the database, but for the backups. */
export const namesBeside = (target: string) =>
  readdirSync(dirname(target))
    .filter((name) => name !== "backups")
    .sort();

/** The head's figures, read from a copy, so that the file itself stays as it is. */
export function headOf(file: string): { generation: number; revision: number } {
  const copy = join(temporaryDirectory(), basename(file));
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) throw new Error(`${file} has a log`);
  const database = new Database(copy);
  const head = database.prepare("SELECT generation, revision FROM cluster").get();
  database.close();
  return head as { generation: number; revision: number };
}
