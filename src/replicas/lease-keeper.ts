/**
 * Holds the lease of the distribution, or tries to: renewed often enough that a busy process keeps
 * it, and short enough that another one has it some seconds after this one has died.
 */
import type { Clock } from "../core/clock.ts";
import type { SharedStore } from "../store/shared-store.ts";

const TTL_MS = 3_000;
const TRY_EVERY_MS = 1_000;

export interface LeaseKeeperParts {
  readonly shared: Pick<SharedStore, "hold" | "release">;
  /** For whoever looks into the database. */
  readonly holder: string;
  readonly clock: Clock;
  /** Called when another term has begun, or this process's has ended. */
  readonly onChange: () => void;
}

export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;
  #term: number | undefined;
  #closed = false;
  #cancel = (): void => {};
  #trying: Promise<void> | undefined;

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
  }

  /** Under which this process last held the lease; another one may have it by now. */
  get term(): number | undefined {
    return this.#term;
  }

  /** Resolves after the first try. */
  start(): Promise<void> {
    this.#trying = this.#try();
    return this.#trying;
  }

  /** Lets go of the lease, so that the next one need not wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#trying;
    const term = this.#term;
    this.#term = undefined;
    // Without the database it runs out.
    if (term !== undefined) await this.#parts.shared.release(term).catch(() => undefined);
  }

  async #try(): Promise<void> {
    const { shared, holder, clock, onChange } = this.#parts;
    const before = this.#term;
    try {
      this.#term = await shared.hold({ holder, term: before, ttlMs: TTL_MS });
    } catch {
      // Whoever looks into the store tells that it is out of reach; nobody else can have it either.
    }
    if (this.#closed) return;
    this.#cancel = clock.after(TRY_EVERY_MS, () => {
      this.#trying = this.#try();
    });
    if (this.#term !== before) onChange();
  }
}
