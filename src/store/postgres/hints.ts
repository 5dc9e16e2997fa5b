/**
 * Hints between processes that something was written, by LISTEN and NOTIFY, where the database has
 * them. They may get lost: whoever follows looks from time to time anyway. A connection of its own
 * carries them, apart from all transactions, so that a database without them loses nothing.
 */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

const CHANNEL = "evenkeel";
const RECONNECT_AFTER_MS = 1_000;

export class Hints {
  readonly #url: string;
  readonly #closing = new AbortController();
  #client: pg.Client | undefined;
  #listeners: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #isDue = false;
  #isSending = false;

  constructor(url: string) {
    this.#url = url;
  }

  onHint(hint: () => void): void {
    this.#listeners.push(hint);
    this.#running ??= this.#listen();
  }

  /** Soon, and for many calls at once only one. */
  send(): void {
    this.#isDue = true;
    if (!this.#isSending) void this.#sendAll();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#isDue && this.#client) {
      this.#isDue = false;
      await this.#client.query(`NOTIFY ${CHANNEL}`).catch(() => undefined);
    }
    this.#isSending = false;
  }

  /** Until the end, or until the database says that it knows no such thing. */
  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = new pg.Client({
        connectionString: this.#url,
        application_name: "evenkeel hints",
        connectionTimeoutMillis: 5_000,
        query_timeout: 5_000,
        keepAlive: true,
      });
      const ended = new Promise<void>((resolve) => client.once("end", resolve));
      client.on("error", () => undefined);
      client.on("notification", () => {
        for (const hint of this.#listeners) hint();
      });
      try {
        await client.connect();
        await client.query(`LISTEN ${CHANNEL}`);
        this.#client = client;
        if (signal.aborted) await client.end();
        await ended;
      } catch (error) {
        await client.end().catch(() => undefined);
        if (error instanceof pg.DatabaseError && UNKNOWN_CODES.has(error.code ?? "")) return;
      }
      this.#client = undefined;
      await pause(RECONNECT_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Not supported, or not even a word of its language. */
const UNKNOWN_CODES = new Set(["0A000", "42601"]);
