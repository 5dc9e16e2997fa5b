/** Calls to the service that may fail, and are made again after a pause, until the agent closes. */
import type { AgentOptions } from "./interface.ts";

const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 30_000;

export class Attempts {
  readonly #options: Pick<AgentOptions, "clock" | "random" | "onWarning">;
  readonly #closing = new AbortController();

  constructor(options: Pick<AgentOptions, "clock" | "random" | "onWarning">) {
    this.#options = options;
  }

  /** Aborted when the agent closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** How many failures in a row there are now; only the first of them is told. */
  async make(what: string, failuresBefore: number, work: () => Promise<void>): Promise<number> {
    try {
      await work();
      return 0;
    } catch (error) {
      if (failuresBefore === 0 && !this.signal.aborted) this.warn(`cannot ${what}`, error);
      return failuresBefore + 1;
    }
  }

  /** Backoff with full jitter after `failures` in a row; none after none. */
  async pauseAfter(failures: number): Promise<void> {
    if (failures === 0) return;
    const boundMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** failures);
    await this.sleep(Math.floor(this.#options.random() * boundMs));
  }

  /** As long as was asked for, and up to as long again: others were asked for the same. */
  async pauseAsAsked(delayMs: number): Promise<void> {
    await this.sleep(Math.floor(delayMs * (1 + this.#options.random())));
  }

  /** Ends early when the agent closes. */
  sleep(delayMs: number): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#options.clock.after(delayMs, end);
      signal.addEventListener("abort", end);
    });
  }

  warn(message: string, cause: unknown): void {
    const details = cause instanceof Error ? { error: cause.message } : (cause as object);
    this.#options.onWarning?.(message, details);
  }

  close(): void {
    this.#closing.abort();
  }
}
