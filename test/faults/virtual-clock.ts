/** A clock that stands until the history winds it, timer by timer. */
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Goes on to the next timer, but not beyond `end`; whether there was one. */
  step(end: number): boolean {
    let at = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) at = Math.min(at, timer.at);
    this.#now = Math.max(this.#now, Math.min(at, end));
    if (at > end) return false;
    for (const timer of [...this.#timers]) {
      if (timer.at === at && this.#timers.delete(timer)) timer.callback();
    }
    return true;
  }
}
