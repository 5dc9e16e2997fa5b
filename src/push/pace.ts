/**
 * How often deltas go to one storage server. In a burst of changes the first few go at once, and
 * the rest coalesces into a delta each second, where each change would otherwise cost every server
 * a message, an acknowledgement and a notice. Changes that do not follow one another closely go
 * out at once, as do snapshots and what is settled.
 */

/** Changes that come closer to one another are a burst. */
const BURST_GAP_MS = 100;
const AT_ONCE = 3;
const INTERVAL_MS = 1000;

/** Whether the head is moving in a burst. */
export class Bursts {
  #changedAt = Number.NEGATIVE_INFINITY;
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  changed(now: number): void {
    this.#isOn = now - this.#changedAt < BURST_GAP_MS;
    this.#changedAt = now;
  }
}

/** Of one storage server. */
export class Pace {
  readonly #bursts: Pick<Bursts, "isOn">;
  /** When as many as at first may go at once again, in milliseconds since 1970. */
  #restedAt = 0;

  constructor(bursts: Pick<Bursts, "isOn">) {
    this.#bursts = bursts;
  }

  /** From when on the next delta may go, in milliseconds since 1970. */
  get readyAt(): number {
    return this.#bursts.isOn ? this.#restedAt - (AT_ONCE - 1) * INTERVAL_MS : 0;
  }

  sent(now: number): void {
    const restedAt = Math.max(this.#restedAt, now) + INTERVAL_MS;
    // What went out by itself, outside a burst, is no debt: the next one waits for one pause at most.
    this.#restedAt = Math.min(restedAt, now + AT_ONCE * INTERVAL_MS);
  }
}
