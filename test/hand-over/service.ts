/** The service's side of a history: the real pusher on what is durable, in lives that end. */
import type { DeliveryAnswer } from "../../src/core/delivery-answers.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import type { Head } from "../../src/core/delivery-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import type { Push, Transport } from "../../src/push/transport.ts";
import type { AddressLoss } from "../../src/store/revisions.ts";
import type { Random } from "../support/random.ts";
import type { Durable } from "./durable.ts";
import type { StepClock } from "./step-clock.ts";

const quiet = { isLevelEnabled: () => false, debug() {}, info() {}, warn() {}, error() {} };

/** A write of the ledger that is not durable yet. */
export interface Write {
  readonly records: readonly DeliveryRecord[];
  readonly done: () => void;
}

export interface ServiceParts {
  readonly durable: Durable;
  readonly clock: StepClock;
  readonly random: Random;
  /** Called with every message that leaves; what it answers is what the server said. */
  readonly send: (push: Push) => Promise<DeliveryAnswer>;
  /** What a service that starts finds of the losses. */
  readonly readLosses: (losses: readonly AddressLoss[]) => readonly AddressLoss[];
}

/** One life of the service. */
export class ServiceLife {
  readonly writes: Write[] = [];
  readonly #pusher: Pusher;
  readonly #durable: Durable;
  #ended = false;

  constructor({ durable, clock, random, send, readLosses }: ServiceParts) {
    this.#durable = durable;
    const transport: Transport = { send, forget() {}, async close() {} };
    this.#pusher = createPusher({
      store: {
        deliveries: async () => durable.records(),
        addressLosses: async () => [...readLosses(durable.losses())],
        changesBetween: async (from, to) => durable.history.between(from, to),
        recordDeliveries: (records) =>
          new Promise((resolve) => this.writes.push({ records, done: resolve })),
      },
      transport,
      floorRevision: () => 0,
      // The timers of a life that has ended ring for nobody.
      clock: {
        now: () => clock.now(),
        after: (delayMs, callback) => clock.after(delayMs, () => this.#ended || callback()),
      },
      random: random.fraction,
      log: quiet,
      publicUrl: async () => "http://127.0.0.1:8080",
    });
  }

  start(): Promise<void> {
    return this.#pusher.start(this.#durable.head);
  }

  /** Tells the pusher of what was committed. */
  hint(): void {
    this.#pusher.headChanged(this.#durable.head);
  }

  write({ records, done }: Write): void {
    this.#durable.record(records);
    done();
  }

  report(id: StorageServerId, report: { generation: number; revision: number; digest: string }) {
    return this.#pusher.reported(id, report);
  }

  pull(id: StorageServerId, { generation, revision }: { generation: number; revision: number }) {
    const wait = { timeoutMs: 0, signal: new AbortController().signal };
    return this.#pusher.pull(id, { generation, after: revision }, wait);
  }

  get head(): Head {
    return this.#pusher.head;
  }

  /** Killed: nothing of it happens any more. */
  kill(): void {
    this.#ended = true;
    this.writes.length = 0;
  }
}
