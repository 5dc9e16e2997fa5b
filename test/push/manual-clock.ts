/** A clock that a test winds: nothing happens until it does. */
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  #timers: Timer[] = [];
  #timerSet = (): void => {};

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    this.#timerSet();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Resolves when somebody waits for time to pass, for so long at most. */
  whenWaiting(msMax = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      this.#timerSet = () => {
        if (this.#timers.some(({ at }) => at <= this.#now + msMax)) resolve();
      };
      this.#timerSet();
    });
  }

  /** Lets time pass, calling back whatever falls due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything that does not wait for a timer or a socket come to rest. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

export const realClock: Clock = {
  now: Date.now,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
