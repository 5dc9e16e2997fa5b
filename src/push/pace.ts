/**
 * How often deltas go to one storage server. A change after a quiet while goes out at once, and so
 * do the next few; of a burst of changes the rest coalesces into a delta each half second, where
 * each would otherwise cost every server a message, an acknowledgement and a notice. What is
 * settled and whole snapshots are not held up.
 */
const BURST = 4;
const INTERVAL_MS = 500;

export class Pace {
  /** When the whole burst may go again, in milliseconds since 1970. */
  #rested = 0;

  /** From when on the next delta may go, in milliseconds since 1970. */
  get readyAt(): number {
    return this.#rested - (BURST - 1) * INTERVAL_MS;
  }

  sent(now: number): void {
    this.#rested = Math.max(this.#rested, now) + INTERVAL_MS;
  }
}
