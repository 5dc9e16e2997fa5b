/** Those who change links from the version that they have read, at any replica, and take notes. */
import { Pool } from "undici";
import type { Random } from "../support/random.ts";
import type { Recorded } from "./linearizable.ts";

export const KEYS = ["k-0", "k-1", "k-2", "k-3", "k-4", "k-5"];
/** A process that is paused answers nobody. */
export const PATIENCE_MS = 2_000;
/** Some reads are for the next write, some for the notes alone. */
const READ_CHANCE = 0.3;

/** Each process gets a place, whose process changes. */
export interface Place {
  port: number;
}

interface Answer {
  readonly status: number;
  readonly revision: number;
  readonly version: number;
  readonly value: string;
}

export class Writers {
  readonly calls: Recorded[] = [];
  readonly mistakes: string[] = [];
  readonly #pools: readonly Pool[];
  readonly #random: Random;
  readonly #onAcknowledged: () => void;
  #moment = 0;
  #stopped = false;
  figures = { acknowledged: 0, stale: 0, unknown: 0, reads: 0 };

  constructor(places: readonly Place[], random: Random, onAcknowledged: () => void) {
    this.#pools = places.map(
      ({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections: 16 }),
    );
    this.#random = random;
    this.#onAcknowledged = onAcknowledged;
  }

  /** From a revision that has the links, until it is stopped and the last call is answered. */
  async run(count: number, known: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, i) => this.#write(`w${i}`, known)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  async #write(name: string, from: number): Promise<void> {
    let known = from;
    const versions = new Map<string, number>();
    for (let n = 0; !this.#stopped; n++) {
      const key = this.#random.pick(KEYS);
      if (!versions.has(key) || this.#random.chance(READ_CHANCE)) {
        const read = await this.#read(key, known);
        if (!read) continue;
        known = Math.max(known, read.revision);
        versions.set(key, read.version);
      }
      const match = versions.get(key)!;
      versions.delete(key);
      const revision = await this.#change(key, `${name}-${n}`, match);
      if (revision === undefined) continue;
      known = Math.max(known, revision);
      versions.set(key, revision);
    }
  }

  async #read(key: string, min: number): Promise<Answer | undefined> {
    const invoked = ++this.#moment;
    const answer = await this.#call("GET", key, { "min-revision": String(min) });
    if (answer?.status !== 200) {
      if (answer && answer.status !== 503) {
        this.mistakes.push(`GET ${key} was answered with ${answer.status}`);
      }
      return undefined;
    }
    const { revision: head, value, version } = answer;
    const returned = ++this.#moment;
    this.calls.push({ kind: "read", key, invoked, returned, min, head, value, version });
    this.figures.reads++;
    return answer;
  }

  /** The revision that it took, where that is known. */
  async #change(key: string, value: string, match: number): Promise<number | undefined> {
    const write = { kind: "write", key, value, match, invoked: ++this.#moment } as const;
    const headers = { "if-match": `"1.${match}"`, "content-type": "application/json" };
    const answer = await this.#call("PATCH", key, headers, { labels: { value } });
    const returned = ++this.#moment;
    if (answer?.status === 200) {
      this.calls.push({ ...write, returned, outcome: { revision: answer.revision } });
      this.figures.acknowledged++;
      this.#onAcknowledged();
      return answer.revision;
    }
    // A 503 may leave open what was done, and no other answer is due here.
    if (answer && ![412, 503].includes(answer.status)) {
      this.mistakes.push(`PATCH ${key} was answered with ${answer.status}`);
    }
    const outcome = answer?.status === 412 ? "stale" : "unknown";
    this.calls.push({ ...write, returned, outcome });
    this.figures[outcome]++;
    return undefined;
  }

  /** Nothing: the process went away, or has no time. */
  async #call(
    method: "GET" | "PATCH",
    key: string,
    headers: Record<string, string>,
    body?: object,
  ): Promise<Answer | undefined> {
    const path = `/v1/links/${key}`;
    try {
      const pool = this.#random.pick(this.#pools);
      const answer = await pool.request({
        ...{ method, path, headers, signal: AbortSignal.timeout(PATIENCE_MS) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      const [, version] = /\.(\d+)"$/.exec(String(answer.headers.etag)) ?? [];
      return {
        status: answer.statusCode,
        revision: Number(answer.headers.revision),
        version: Number(version),
        value: JSON.parse(text).labels?.value ?? "",
      };
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      return undefined;
    }
  }
}
