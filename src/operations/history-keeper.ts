/**
 * Keeps the history to its limits in the background: takes no input but wake-ups, may be ended at
 * any point, and goes on where it was. Each step is short, and writes go in between.
 */
import type { Clock } from "../core/clock.ts";
import type { HistoryLimits } from "../store/revisions.ts";
import type { Store } from "../store/store.ts";

/** So many rows hold up the store's thread for some milliseconds. */
const ROWS_PER_STEP = 250;
const WAKE_UP_MS = 60 * 60 * 1000;

export interface HistoryKeeperParts {
  readonly store: Pick<Store, "prune">;
  readonly limits: HistoryLimits;
  readonly clock: Clock;
  /** As the store has it at the start. */
  readonly floorRevision: number;
  /** Where others keep the same history: whether it falls to this process now. */
  readonly isMine?: () => boolean;
  /** Called where a step fails; the next wake-up tries again. */
  readonly onError: (error: unknown) => void;
}

export class HistoryKeeper {
  readonly #parts: HistoryKeeperParts;
  #floorRevision: number;
  #running: Promise<void> | undefined;
  #wokenAgain = false;
  #closed = false;
  #cancelWakeUp = () => {};

  constructor(parts: HistoryKeeperParts) {
    this.#parts = parts;
    this.#floorRevision = parts.floorRevision;
  }

  /** The oldest revision that can be read. */
  get floorRevision(): number {
    return this.#floorRevision;
  }

  /** To be called where others raise the floor. */
  floorIs(revision: number): void {
    this.#floorRevision = Math.max(this.#floorRevision, revision);
  }

  /** To be called at the start and after every commit; plans grow old without one. */
  wake(): void {
    this.#wokenAgain = true;
    if (this.#closed) return;
    this.#cancelWakeUp();
    this.#cancelWakeUp = this.#parts.clock.after(WAKE_UP_MS, () => this.wake());
    if (this.#parts.isMine?.() === false) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Begins no step any more; resolves when the present one has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWakeUp();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, limits, clock, onError } = this.#parts;
    let done = false;
    try {
      while (!this.#closed && (!done || this.#wokenAgain)) {
        this.#wokenAgain = false;
        const step = await store.prune(limits, ROWS_PER_STEP, clock.now());
        this.floorIs(step.floorRevision);
        done = step.done;
      }
    } catch (error) {
      onError(error);
    }
  }
}
