/** Those who wait for something to become known, each with a question of its own. */
import type { Clock } from "../core/clock.ts";

interface Waiter {
  readonly look: () => void;
  readonly giveUp: () => void;
}

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves with what `ask` answers, as soon as it answers anything; with nothing when the time
   * is up, `signal` aborts or the waiters are closed.
   */
  wait<T>(
    ask: () => T | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const known = ask();
    const waits = known === undefined && timeoutMs > 0 && !this.#closed && !signal?.aborted;
    if (!waits) return Promise.resolve(known);
    return new Promise((resolve) => {
      const finish = (answer: T | undefined) => {
        cancel();
        signal?.removeEventListener("abort", waiter.giveUp);
        this.#waiting.delete(waiter);
        resolve(answer);
      };
      const waiter: Waiter = {
        look: () => {
          const answer = ask();
          if (answer !== undefined) finish(answer);
        },
        giveUp: () => finish(undefined),
      };
      const cancel = this.#clock.after(timeoutMs, waiter.giveUp);
      signal?.addEventListener("abort", waiter.giveUp);
      this.#waiting.add(waiter);
    });
  }

  /** To be called whenever something has become known. */
  check(): void {
    for (const { look } of [...this.#waiting]) look();
  }

  close(): void {
    this.#closed = true;
    for (const { giveUp } of [...this.#waiting]) giveUp();
  }
}
