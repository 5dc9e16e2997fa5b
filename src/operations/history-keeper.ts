/**
 * Keeps the history to its limits in the background: takes no input but wake-ups, may be ended at
 * any point, and goes on where it was. Each step is short, and writes go in between.
 */
import type { HistoryLimits, Store } from "../store/store.ts";

/** So many rows hold up the store's thread for some milliseconds. */
const ROWS_PER_STEP = 250;

export interface HistoryKeeperParts {
  readonly store: Pick<Store, "prune">;
  readonly limits: HistoryLimits;
  /** As the store has it at the start. */
  readonly floorRevision: number;
  /** Called where a step fails; the next wake-up tries again. */
  readonly onError: (error: unknown) => void;
}

export class HistoryKeeper {
  readonly #parts: HistoryKeeperParts;
  #floorRevision: number;
  #running: Promise<void> | undefined;
  #wokenAgain = false;
  #closed = false;

  constructor(parts: HistoryKeeperParts) {
    this.#parts = parts;
    this.#floorRevision = parts.floorRevision;
  }

  /** The oldest revision that can be read. */
  get floorRevision(): number {
    return this.#floorRevision;
  }

  /** To be called at the start and after every commit. */
  wake(): void {
    this.#wokenAgain = true;
    if (this.#closed) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Begins no step any more; resolves when the present one has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, limits, onError } = this.#parts;
    let done = false;
    try {
      while (!this.#closed && (!done || this.#wokenAgain)) {
        this.#wokenAgain = false;
        const step = await store.prune(limits, ROWS_PER_STEP);
        this.#floorRevision = step.floorRevision;
        done = step.done;
      }
    } catch (error) {
      onError(error);
    }
  }
}
