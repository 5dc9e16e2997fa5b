/** Those who wait for a revision to be known to this process. */
import type { Clock } from "./core/clock.ts";
import { Waiters } from "./push/waiters.ts";

const WITHIN_MS = 5_000;
/** Beyond so many, whoever would have to wait is told to come again. */
const WAITING_MAX = 1_000;

export interface ReachParts {
  readonly clock: Clock;
  /** The head that is known. */
  readonly revision: () => number;
  /** Called where somebody begins to wait. */
  readonly onWaiting: () => void;
}

export class Reach {
  readonly #parts: ReachParts;
  readonly #waiters: Waiters;
  #waiting = 0;

  constructor(parts: ReachParts) {
    this.#parts = parts;
    this.#waiters = new Waiters(parts.clock);
  }

  /** Whether the revision is known, by now or soon. */
  async until(revision: number): Promise<boolean> {
    const ask = () => (this.#parts.revision() >= revision ? true : undefined);
    if (ask()) return true;
    if (this.#waiting >= WAITING_MAX) return false;
    this.#waiting++;
    try {
      this.#parts.onWaiting();
      return (await this.#waiters.wait(ask, WITHIN_MS)) ?? false;
    } finally {
      this.#waiting--;
    }
  }

  /** To be called with each new head. */
  check(): void {
    this.#waiters.check();
  }

  /** Answers everybody who waits, and who comes to wait. */
  close(): void {
    this.#waiters.close();
  }
}
