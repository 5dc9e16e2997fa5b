/**
 * A history in which the started program is killed with `kill -9` between a commit and its pushes,
 * and begins anew on the same port and database: what is wrong afterwards, in words.
 */
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StorageServerId } from "../../src/core/model.ts";
import { VOLUME } from "../support/hand-over-cluster.ts";
import { lastingPort } from "../support/lasting-port.ts";
import { type Program, startProgram } from "../support/program.ts";
import { Random } from "../support/random.ts";
import { BLOCK_COUNTS, rowsOf } from "./changes.ts";
import type { Holder } from "./fault-layer.ts";
import { outsideMistakes } from "./killed-checks.ts";
import { ACCIDENTS, FaultyReceiver } from "./receiver.ts";
import { clock, clockEnvironment } from "./scaled-clock.ts";
import type { Committed } from "./validators.ts";

const SCRIPT = fileURLToPath(new URL("./scaled-program.mjs", import.meta.url));
const RECEIVERS = 20;
const ROUNDS = 3;
const READS_MAX = 20_000;
const MOMENTS = ["when it answers", "at the first push", "when nobody has heard of it"] as const;
type Moment = (typeof MOMENTS)[number];

/** Time passes by itself. */
const holder: Holder = { hold() {}, resume() {}, work: (promise) => promise };

export async function runKilledHistory(seed: number, directory: string): Promise<string[]> {
  const world = new KilledWorld(seed, directory);
  await world.begin();
  try {
    for (let round = 0; round < ROUNDS; round++) await world.killed();
    return await world.heal();
  } finally {
    await world.close();
  }
}

class KilledWorld {
  readonly #random: Random;
  readonly #environment: Record<string, string>;
  readonly #receivers: readonly FaultyReceiver[];
  #program: Program | undefined;
  /** Called with each message that arrives. */
  #onArrival = (_revision: number): void => {};

  constructor(seed: number, directory: string) {
    this.#random = new Random(seed);
    this.#environment = {
      DATABASE_URL: `sqlite:${join(directory, "evenkeel.db")}`,
      ...clockEnvironment,
    };
    this.#receivers = Array.from({ length: RECEIVERS }, (_, i) => {
      const id = `s-${String(i + 1).padStart(2, "0")}` as StorageServerId;
      const random = new Random(seed * 1000 + i);
      const onArrival = (body: string) => this.#arrived(i, body);
      return new FaultyReceiver({ id, directory, clock, random, holder, onArrival });
    });
  }

  async begin(): Promise<void> {
    this.#environment.PORT = await lastingPort();
    const program = await startProgram(this.#environment, SCRIPT);
    this.#program = program;
    for (const { layer } of this.#receivers) await layer.listen();
    const { created } = await this.#call("POST", "/v1/topology", this.#topology());
    for (const [i, { token, signingSecret }] of created.storageServers.entries()) {
      const connection = { serviceUrl: program.url, signingSecrets: [signingSecret], token, clock };
      await this.#receivers[i]!.start(connection);
    }
    await this.#untilAcknowledged((await this.#call("GET", "/v1/a2c")).revision);
  }

  /** A change, the end at some moment of it, a receiver's accident, and a new beginning. */
  async killed(): Promise<void> {
    const random = this.#random;
    for (const receiver of this.#receivers) {
      receiver.backUp();
      receiver.layer.probability = random.fraction() * 0.4;
    }
    await this.#endAt(random.pick(MOMENTS));
    await random.pick(this.#receivers).meet(random.pick(ACCIDENTS));
    this.#program = await startProgram(this.#environment, SCRIPT);
    for (const { layer } of this.#receivers) layer.cutOff = undefined;
  }

  async heal(): Promise<string[]> {
    for (const { layer } of this.#receivers) layer.probability = 0;
    await this.#change();
    const head = await this.#call("GET", "/v1/a2c");
    await this.#untilAcknowledged(head.revision);
    const wrong = this.#receivers
      .filter(({ agent }) => agent.position().digest !== head.digest)
      .map(({ id }) => `${id} has other content than the head`);
    const committed = await this.#committed();
    for (const receiver of this.#receivers) {
      wrong.push(
        ...outsideMistakes(receiver.log.entries, committed).map((w) => `${receiver.id}: ${w}`),
      );
      wrong.push(...[(await receiver.fileMistake()) ?? []].flat());
    }
    return wrong;
  }

  async close(): Promise<void> {
    await this.#program?.stop("SIGKILL");
    for (const receiver of this.#receivers) await receiver.close();
  }

  async #endAt(moment: Moment): Promise<void> {
    const program = this.#program!;
    const ended = once(program.process, "exit");
    const end = () => void program.process.kill("SIGKILL");
    const { revision } = await this.#call("GET", "/v1/a2c");
    if (moment === "at the first push") {
      this.#onArrival = (sent) => {
        if (sent > revision) end();
      };
    }
    if (moment === "when nobody has heard of it") {
      for (const { layer } of this.#receivers) layer.cutOff = "silent";
    }
    // Where it ends before it has answered, what came of the change is told by its next life.
    await this.#change().catch(() => undefined);
    if (moment !== "at the first push") end();
    await ended;
    this.#onArrival = () => {};
    for (const { log } of this.#receivers) log.add({ kind: "service began anew" });
  }

  #arrived(index: number, body: string): void {
    const { kind, generation, fromRevision, revision } = JSON.parse(body);
    const message = { kind, generation, fromRevision, revision };
    const sent = { kind: "sent", at: clock.now(), message, floorRevision: 0 } as const;
    this.#receivers[index]!.log.add(sent);
    this.#onArrival(revision);
  }

  /** A rebalance that moves addresses; other weights need not move any. */
  async #change(): Promise<void> {
    for (let revision = null; revision === null; ) {
      const { id } = this.#random.pick(this.#receivers);
      const weight = 1 + this.#random.below(6);
      await this.#call("PATCH", `/v1/processes/p-${id}`, { weight });
      ({ revision } = await this.#call("POST", "/v1/rebalances", { strategy: "equalize" }));
    }
  }

  /** Every revision that a receiver has been at, as the service's history has it. */
  async #committed(): Promise<Map<number, Committed>> {
    const committed = new Map<number, Committed>();
    for (const entry of this.#receivers.flatMap(({ log }) => log.entries)) {
      if (entry.kind !== "applied" || committed.has(entry.position.revision)) continue;
      const { revision } = entry.position;
      const { digest, entries } = await this.#call("GET", `/v1/a2c?revision=${revision}`);
      const rows = rowsOf((id) => entries.filter((row: Row) => row.volumeId === id));
      committed.set(revision, { digest, rows });
    }
    return committed;
  }

  async #untilAcknowledged(revision: number): Promise<void> {
    for (let reads = 0; reads < READS_MAX; reads++) {
      const { acked } = await this.#call("GET", `/v1/revisions/${revision}/delivery`);
      if (acked === RECEIVERS) return;
    }
    throw new Error(`revision ${revision} was never acknowledged by all`);
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  async #call(method: string, path: string, body?: object): Promise<any> {
    const answer = await fetch(`${this.#program!.url}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  #topology(): object {
    const ids = this.#receivers.map(({ id }) => id);
    const blockCount = BLOCK_COUNTS.get(VOLUME)!;
    const share = blockCount / ids.length;
    return {
      storageServers: this.#receivers.map(({ id, layer }) => ({ id, callbackUrl: layer.url })),
      processes: ids.map((id) => ({
        ...{ id: `p-${id}`, storageServerId: id, rNodeId: `r-${id}`, cNodeId: `c-${id}` },
      })),
      volumes: [
        {
          ...{ id: VOLUME, blockCount },
          entries: ids.map((id, i) => ({
            ...{ firstLba: i * share, lastLba: (i + 1) * share - 1, cNodeId: `c-${id}` },
          })),
        },
      ],
    };
  }
}

interface Row {
  readonly volumeId: string;
  readonly firstLba: number;
  readonly cNodeId: string;
}
