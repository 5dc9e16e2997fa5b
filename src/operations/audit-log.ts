/**
 * What was done and denied by calls that took no revision: gathered for a moment and written
 * together, so that a flood of refusals is no flood of syncs. What took a revision is written in
 * its transaction and does not come here.
 */
import type { Clock } from "../core/clock.ts";
import type { AuditEntry } from "../store/calls.ts";
import type { Store } from "../store/store.ts";

const GATHER_MS = 200;
/** More than this in one moment is not told one by one. */
const WAITING_MAX = 10_000;

export interface AuditLogParts {
  readonly store: Pick<Store, "recordAudit">;
  readonly clock: Clock;
  /** Called where entries could not be kept, with their number. */
  readonly onLost: (count: number, error?: unknown) => void;
}

export class AuditLog {
  readonly #parts: AuditLogParts;
  #waiting: AuditEntry[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #endPause = (): void => {};
  #closed = false;

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
  }

  record(entry: AuditEntry): void {
    if (this.#waiting.length === WAITING_MAX) this.#dropped++;
    else this.#waiting.push(entry);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes what has been gathered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endPause();
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause();
      const [entries, dropped] = [this.#waiting, this.#dropped];
      [this.#waiting, this.#dropped] = [[], 0];
      if (dropped > 0) this.#parts.onLost(dropped);
      try {
        await this.#parts.store.recordAudit(entries);
      } catch (error) {
        this.#parts.onLost(entries.length, error);
      }
    }
  }

  #pause(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(GATHER_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
