/**
 * Writes delivery records in batches: what comes while one batch is being written goes into the
 * next, so that a thousand acknowledgements are not a thousand fsyncs. A batch gathers for as
 * long as answers come in one after another. Nothing counts as known before it is written.
 */
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { StorageServerId } from "../core/model.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "./log.ts";

const RETRY_DELAY_MS = 1000;
/** So few are written at once: nobody waits for a crowd that there isn't. */
const FEW_MAX = 8;
/** So many are written while the rest is still being answered: the last ones wait for few. */
const MANY_MIN = 128;
/** As long as each turn of the event loop brings more, a batch gathers, but not for ever. */
const GATHER_TURNS_MAX = 32;

type Written = () => void;

export interface LedgerParts {
  readonly store: Pick<Store, "recordDeliveries">;
  readonly clock: Clock;
  readonly log: Log;
  /** The revision that all servers have once `batch` is written, where that is news. */
  readonly convergedWith: (batch: ReadonlyMap<StorageServerId, DeliveryRecord>) => number;
  /** Called when it is durable that all servers have a revision. */
  readonly onConverged: (revision: number) => void;
  /** Called after each batch, when its records count. */
  readonly onWritten: () => void;
}

export class Ledger {
  readonly #parts: LedgerParts;
  #pending = new Map<StorageServerId, { record: DeliveryRecord; written: Written[] }>();
  #convergedRevision = 0;
  #running: Promise<void> | undefined;
  #touched = false;
  #closing = false;
  #endPause = (): void => {};

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Calls `written` once the record, or a newer one of the same server, is durable. */
  write(record: DeliveryRecord, written: Written): void {
    if (this.#closing) return;
    const waiting = this.#pending.get(record.storageServerId);
    const callbacks = waiting?.written ?? [];
    this.#pending.set(record.storageServerId, { record, written: [...callbacks, written] });
    this.#run();
  }

  /** Looks again whether all servers have converged: one that had not may have been removed. */
  touch(): void {
    this.#touched = true;
    this.#run();
  }

  /** Writes what is waiting, once; nothing that comes later. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#endPause();
    await this.#running;
  }

  #run(): void {
    this.#running ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    await this.#gather();
    while (this.#pending.size > 0 || this.#touched) {
      const batch = this.#pending;
      this.#pending = new Map();
      this.#touched = false;
      const records = new Map([...batch].map(([id, { record }]) => [id, record]));
      if (!(await this.#writeBatch(records))) break;
      for (const { written } of batch.values()) for (const call of written) call();
      this.#parts.onWritten();
      await this.#gather();
    }
    // In the same turn as the last look: what came in between would wait for the next one.
    this.#running = undefined;
  }

  /** Lets whatever is being answered come along, where that is more than a few. */
  async #gather(): Promise<void> {
    await Promise.resolve();
    let before = FEW_MAX;
    for (let turns = 0; turns < GATHER_TURNS_MAX; turns++) {
      const { size } = this.#pending;
      if (size <= before || size >= MANY_MIN) break;
      before = size;
      await letOthersRun();
    }
  }

  /** Tries until it succeeds; a server's next message waits for this, the others do not. */
  async #writeBatch(batch: ReadonlyMap<StorageServerId, DeliveryRecord>): Promise<boolean> {
    const { store, clock, log, convergedWith, onConverged } = this.#parts;
    for (;;) {
      const revision = convergedWith(batch);
      const converged =
        revision > this.#convergedRevision ? { revision, at: clock.now() } : undefined;
      if (batch.size === 0 && !converged) return true;
      try {
        await store.recordDeliveries([...batch.values()], converged);
        if (converged) {
          this.#convergedRevision = revision;
          onConverged(revision);
        }
        return true;
      } catch (error) {
        log.error({ err: error, records: batch.size }, "cannot record deliveries");
        if (this.#closing) return false;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(RETRY_DELAY_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
