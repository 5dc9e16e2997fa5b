/** The program on a disk whose calls fail by strace's hand, and again on one that is whole. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { Caller } from "../crash/caller.ts";
import { type Program, startProgram, startUnder, untilListening } from "../support/program.ts";
import { idsOf, mistakesIn, register, type Told, toldWith } from "./load.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Some checkpoints' worth. */
const WRITES = 600;

export interface Fault {
  readonly file: "evenkeel.db" | "evenkeel.db-wal";
  /** As strace takes it after `inject=`. */
  readonly inject: string;
}

export interface Outcome {
  /** The exit code; `undefined`: it went on. */
  readonly code: number | null | undefined;
  /** What it said at its end. */
  readonly fatal: string;
  readonly refused: number;
  /** What was not as it had been told, in words. */
  readonly mistakes: readonly string[];
}

/**
 * Writes until all are answered or the program has ended, and then looks what is there. The store
 * has been made before, so that the calls that are counted are those of these writes.
 */
export async function runWith(fault: Fault, directory: string): Promise<Outcome> {
  const file = join(directory, "evenkeel.db");
  openConnection({ file, newClusterId: "new" }).close();
  const environment = { DATABASE_URL: `sqlite:${file}` };
  const parameters = straceParameters(fault, directory);
  const program = await untilListening(startUnder("strace", parameters, { environment }));
  const fatal = program.until(/"level":60/).catch(() => "");
  const caller = new Caller(program.url, () => {});
  const told = new Map(await register(caller, idsOf("l", WRITES)));
  const ended = [...told.values()].includes(undefined);
  const mistakes: string[] = [];
  const refused = toldWith(told, 507);
  if (!ended) {
    mistakes.push(...(await mistakesIn(caller, told)));
    for (const [id, answer] of await register(caller, refused)) told.set(id, answer);
    mistakes.push(...toldWith(told, 507).map((id) => `${id} is refused though there is room`));
    process.kill(program.pid, "SIGKILL");
  }
  const { code } = await program.ended;
  await caller.close();
  mistakes.push(...(await mistakesOfNextStart(environment, told)));
  const last = ended ? await fatal : "";
  return { code: ended ? code : undefined, fatal: last, refused: refused.length, mistakes };
}

/** Runs it to its end where it cannot open its store. */
export function startWith(fault: Fault, directory: string) {
  const parameters = [...straceParameters(fault, directory), process.execPath, MAIN];
  const env = {
    ...{ PATH: process.env.PATH, PORT: "0" },
    DATABASE_URL: `sqlite:${join(directory, "evenkeel.db")}`,
  };
  const { status, stderr } = spawnSync("strace", parameters, { env, encoding: "utf8" });
  return { code: status, stderr };
}

async function mistakesOfNextStart(
  environment: Record<string, string>,
  told: Told,
): Promise<string[]> {
  const program: Program = await startProgram(environment);
  await program.until(/the store is sound/);
  const caller = new Caller(program.url, () => {});
  const mistakes = await mistakesIn(caller, told);
  // Who was cut off sends it again, and it is done once.
  const cutOff = [...told].flatMap(([id, answer]) => (answer ? [] : [id]));
  const again = await register(caller, cutOff);
  mistakes.push(...(await mistakesIn(caller, again)));
  const { revision } = await caller.read("/v1/cluster");
  if (revision !== told.size) mistakes.push(`${told.size} writes took ${revision} revisions`);
  await caller.close();
  await program.stop("SIGTERM");
  return mistakes;
}

function straceParameters({ file, inject }: Fault, directory: string): string[] {
  const [call] = inject.split(":");
  return [
    ...["-f", "-I", "2", "--seccomp-bpf", "-o", join(directory, "strace")],
    ...["-P", join(directory, file), "-e", `trace=${call}`, "-e", `inject=${inject}`],
  ];
}
