/**
 * The program under the load of sixteen writers and four storage servers, killed with SIGKILL at
 * random moments and begun anew: what is wrong after each start, in words.
 */
import { once } from "node:events";
import { join } from "node:path";
import { lastingPort } from "../support/lasting-port.ts";
import { type Program, startEntry, startProgram } from "../support/program.ts";
import { Random } from "../support/random.ts";
import { type Answer, Caller } from "./caller.ts";
import { History } from "./history.ts";
import { Receivers } from "./receivers.ts";
import { SERVERS, subjects, topology } from "./subjects.ts";
import { Writer } from "./writer.ts";

/** What is counted until the kill; `start` is one before it listens. */
const MOMENTS = ["sent", "answered", "pushed"] as const;
const COUNT_MAX = { sent: 150, answered: 150, pushed: 5 };
const START_CHANCE = 0.08;
const START_MS_MAX = 800;
const DELAY_MS_MAX = 4;

export interface KillsParts {
  readonly seed: number;
  readonly kills: number;
  readonly directory: string;
  /** Another program that does as the real one. */
  readonly script?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly mistakes: readonly string[];
  readonly figures: string;
}

export async function runKills(parts: KillsParts): Promise<Outcome> {
  const world = new World(parts);
  await world.begin();
  const mistakes: string[] = [];
  try {
    for (let kill = 0; kill < parts.kills && mistakes.length === 0; kill++) {
      for (const mistake of await world.kill()) mistakes.push(`kill ${kill + 1}: ${mistake}`);
    }
    if (mistakes.length === 0) mistakes.push(...(await world.converge()));
    return { mistakes, figures: world.figures() };
  } finally {
    await world.close();
  }
}

class World {
  readonly #parts: KillsParts;
  readonly #random: Random;
  readonly #history = new History();
  readonly #receivers = new Receivers(() => this.#happened("pushed"));
  readonly #writers: readonly Writer[];
  #environment: Record<string, string>;
  #program!: Program;
  #caller!: Caller;
  #generation = 0;
  /** The highest revision that anybody was told of. */
  #seen = 0;
  #killed = { running: 0, starting: 0 };
  #counting: { moment: string; left: number; reached: () => void } | undefined;

  constructor(parts: KillsParts) {
    this.#parts = parts;
    this.#random = new Random(parts.seed);
    this.#writers = subjects().map(
      (subject, i) => new Writer(`w${i}`, subject, new Random(parts.seed * 100 + i)),
    );
    this.#environment = {
      DATABASE_URL: `sqlite:${join(parts.directory, "evenkeel.db")}`,
      // Some are pruned in most lives.
      HISTORY_REVISIONS_MAX: "2000",
      ...parts.environment,
    };
  }

  async begin(): Promise<void> {
    this.#environment = { ...this.#environment, PORT: await lastingPort() };
    await this.#start();
    const [caller, serviceUrl] = [this.#caller, this.#program.url];
    await this.#receivers.begin(SERVERS, { ...this.#parts, caller, serviceUrl });
    const answer = await caller.demand({ method: "POST", path: "/v1/topology", body: topology });
    if (answer.status !== 200) throw new Error(`the cluster was refused: ${answer.status}`);
    this.#generation = (await caller.read("/v1/cluster")).body.generation;
    await this.#history.readOn(caller);
  }

  /** A life until it is killed, and the next start; what is wrong then. */
  async kill(): Promise<string[]> {
    if (this.#random.chance(START_CHANCE)) return this.#killStarting();
    const wrong = await this.#liveUntilKilled();
    await this.#start();
    return [...wrong, ...(await this.#check())];
  }

  /** One more change, which everybody hears of. */
  async converge(): Promise<string[]> {
    const body = { blockCount: 8192 };
    await this.#caller.demand({ method: "PUT", path: "/v1/volumes/v-0", body });
    const path = "/v1/rebalances?wait=converged&timeoutSeconds=60";
    const { status } = await this.#caller.demand({ method: "POST", path, body: { force: true } });
    const late = status >= 202 ? [`the storage servers have not converged: ${status}`] : [];
    return [...late, ...(await this.#receivers.checkConverged(this.#caller))];
  }

  figures(): string {
    const total = { acknowledged: 0, unanswered: 0, repeated: 0 };
    for (const { figures } of this.#writers) {
      for (const name of ["acknowledged", "unanswered", "repeated"] as const) {
        total[name] += figures[name];
      }
    }
    const { running, starting } = this.#killed;
    return (
      `${running + starting} kills (${starting} while starting): ` +
      `${total.acknowledged} writes acknowledged, ${total.unanswered} cut off, ` +
      `${total.repeated} sent again, ${this.#receivers.pushes} pushes, head ${this.#seen}`
    );
  }

  async close(): Promise<void> {
    await this.#program.stop("SIGKILL");
    await this.#caller.close();
    await this.#receivers.close();
  }

  async #start(): Promise<void> {
    this.#program = await startProgram(this.#environment, this.#parts.script);
    this.#caller = new Caller(this.#program.url, (answer) => this.#answered(answer));
  }

  async #liveUntilKilled(): Promise<string[]> {
    const { process } = this.#program;
    const ended = once(process, "exit");
    const moment = this.#random.pick(MOMENTS);
    const delayMs = this.#random.fraction() * DELAY_MS_MAX;
    const left = 1 + this.#random.below(COUNT_MAX[moment]);
    const reached = () => void setTimeout(() => process.kill("SIGKILL"), delayMs);
    this.#counting = { moment, left, reached };
    const wrong = await Promise.all(
      this.#writers.map((writer) =>
        writer.writeUntilGone(this.#caller, () => this.#happened("sent")),
      ),
    );
    if (wrong.flat().length > 0) process.kill("SIGKILL");
    const [code] = await ended;
    if (code !== null) wrong.push([`it ended by itself with ${code}`]);
    this.#counting = undefined;
    this.#killed.running++;
    await this.#caller.close();
    return wrong.flat();
  }

  async #killStarting(): Promise<string[]> {
    await this.#program.stop("SIGKILL");
    await this.#caller.close();
    const starting = startEntry(this.#parts.script ?? "main.js", this.#environment);
    const ended = once(starting.process, "exit");
    const delayMs = this.#random.fraction() * START_MS_MAX;
    setTimeout(() => starting.process.kill("SIGKILL"), delayMs);
    await ended;
    this.#killed.starting++;
    await this.#start();
    return this.#check();
  }

  async #check(): Promise<string[]> {
    const caller = this.#caller;
    const seen = this.#seen;
    const { body, revision } = await caller.read("/v1/cluster");
    const mistakes: string[] = [];
    if (revision < seen) mistakes.push(`the head is ${revision}, and ${seen} was told`);
    if (body.generation !== this.#generation) {
      mistakes.push(`the generation is ${body.generation}, and was ${this.#generation}`);
    }
    mistakes.push(...(await this.#history.readOn(caller)));
    mistakes.push(...(await this.#receivers.check(caller)));
    for (const writer of this.#writers)
      mistakes.push(...(await writer.check(caller, this.#history)));
    // What was sent again may have taken revisions, but no second one.
    return [...mistakes, ...(await this.#history.readOn(caller))];
  }

  #answered({ revision }: Answer): void {
    this.#seen = Math.max(this.#seen, revision);
    this.#happened("answered");
  }

  #happened(moment: string): void {
    if (this.#counting?.moment === moment && --this.#counting.left === 0) this.#counting.reached();
  }
}
