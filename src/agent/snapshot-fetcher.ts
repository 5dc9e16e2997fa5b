/** Fetches the snapshot that was named last, one at a time, and reports that it is here. */
import type { Attempts } from "./attempts.ts";
import type { ReferenceMessage } from "./message.ts";
import type { Receiver } from "./receiver.ts";
import type { Reporter } from "./reporter.ts";
import { type ServiceClient, ServiceError } from "./service-client.ts";

/** Then it is the service's turn: it names a snapshot again after a minute without a report. */
const FAILURES_MAX = 4;

export interface SnapshotFetcherParts {
  readonly receiver: Receiver;
  readonly service: ServiceClient;
  readonly reporter: Reporter;
  readonly attempts: Attempts;
}

export class SnapshotFetcher {
  readonly #parts: SnapshotFetcherParts;
  #wanted: ReferenceMessage | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: SnapshotFetcherParts) {
    this.#parts = parts;
  }

  fetch(reference: ReferenceMessage): void {
    this.#wanted = reference;
    this.#running ??= this.#fetchAll().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is being fetched. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #fetchAll(): Promise<void> {
    const { attempts, reporter } = this.#parts;
    let failures = 0;
    while (this.#wanted && !attempts.signal.aborted && failures < FAILURES_MAX) {
      const wanted = this.#wanted;
      failures = await attempts.make("fetch a snapshot", failures, async () => {
        if (!(await this.#take(wanted))) return;
        if (this.#wanted === wanted) this.#wanted = undefined;
        await reporter.report();
      });
      await attempts.pauseAfter(failures);
    }
    this.#wanted = undefined;
  }

  /** `false`: it is there, but too many others are fetching; by now there is perhaps a place. */
  async #take(reference: ReferenceMessage): Promise<boolean> {
    const { receiver, service, attempts } = this.#parts;
    try {
      await receiver.take(await service.snapshot(reference, attempts.signal));
      return true;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // A newer one has taken its place, and the report will have that one named.
      if (error.status === 404 || error.status === 410) return true;
      if (error.status !== 503) throw error;
      await attempts.pauseAsAsked(error.retryAfterMs);
      return false;
    }
  }
}
