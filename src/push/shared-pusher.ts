/**
 * The distribution where several processes share a store. One of them, which holds the lease, runs
 * a pusher; each of them, that one too, answers from the store's ledger, and leaves in the store
 * what it hears of storage servers, for the one who pushes to take into the ledger.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import { findStorageServer } from "../core/decisions/find.ts";
import type { Position } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
import { type DeliveryView, deliveryView, type Head } from "../core/delivery-state.ts";
import type { StorageServerId } from "../core/model.ts";
import type { HeardEvent, Seen, SharedStore } from "../store/shared-store.ts";
import {
  acknowledgedByAll,
  type Convergence,
  countsOf,
  type DeliveryCounts,
  type DeliveryProgress,
  progressOf,
  verdictOn,
} from "./convergence.ts";
import { LedgerView } from "./ledger-view.ts";
import type { PullPosition, PullWait } from "./pulls.ts";
import type { Pusher, PusherParts, SnapshotName } from "./pusher-port.ts";
import { handOverOf } from "./settling.ts";
import { SharedReads } from "./shared-reads.ts";
import type { SnapshotRead } from "./snapshot-reads.ts";
import { TermPusher } from "./term-pusher.ts";
import { Waiters } from "./waiters.ts";

/** Whoever reports is answered when the ledger has it, or when it is durable and this is over. */
const TAKEN_WITHIN_MS = 1_000;
/** A server that pulls all the time is noted as seen so often. */
const SEEN_EVERY_MS = 10_000;

export interface SharedPusherParts extends PusherParts {
  readonly shared: Pick<SharedStore, "recordUnder" | "hear">;
  /** The newest state that this process knows. */
  readonly state: () => ClusterState;
  /** Has the store looked into from now on; `saw` has been called when it resolves. */
  readonly look: () => Promise<void>;
  /** The same, soon. */
  readonly wake: () => void;
}

export class SharedPusher implements Pusher {
  readonly #parts: SharedPusherParts;
  readonly #view = new LedgerView();
  readonly #waiters: Waiters;
  readonly #reads: SharedReads;
  #pusher: TermPusher | undefined;
  #ending: Promise<void> | undefined;
  /** What the store still keeps for whoever pushes. */
  #untaken: ReadonlySet<string> = new Set();
  #closed = false;

  constructor(parts: SharedPusherParts) {
    this.#parts = parts;
    this.#waiters = new Waiters(parts.clock);
    this.#reads = new SharedReads(parts, this.#view, this.#waiters);
  }

  get head(): Head {
    return this.#view.head;
  }

  start(): Promise<void> {
    return this.#parts.look();
  }

  headChanged(): void {
    this.#parts.wake();
  }

  /** To be called after each look into the store. */
  saw({ state, look, term }: Seen): void {
    if (this.#closed) return;
    if (this.#view.take(state, look, this.#parts.clock.now())) {
      this.#reads.moved(state);
      const { head } = this.#view;
      this.#parts.observer?.converged(acknowledgedByAll(this.#view.records(), head));
    }
    this.#untaken = new Set(look.heard.map(({ heardId }) => heardId));
    this.#push(term, { state, look });
    this.#waiters.check();
  }

  registeredAgain(serverId: StorageServerId): void {
    this.#hear(serverId, { kind: "registered-again" }).catch((error: unknown) =>
      this.#parts.log.warn({ err: error, storageServerId: serverId }, "cannot wake a server"),
    );
  }

  async reported(serverId: StorageServerId, report: Report): Promise<Head> {
    await this.#reach(report);
    await this.#hear(serverId, { kind: "reported", report });
    return this.#view.head;
  }

  async retry(serverId: StorageServerId): Promise<void> {
    await this.#hear(serverId, { kind: "woken" });
  }

  async pull(
    serverId: StorageServerId,
    position: PullPosition,
    wait: PullWait,
  ): Promise<Uint8Array | undefined> {
    const { clock, log } = this.#parts;
    const record = this.#view.record(serverId);
    const isKnown = record?.mode === "active" || record?.mode === "ahead";
    if (!isKnown || (record.lastSeenAt ?? 0) < clock.now() - SEEN_EVERY_MS) {
      this.#hear(serverId, { kind: "pulled" }).catch((error: unknown) =>
        log.warn({ err: error, storageServerId: serverId }, "cannot note a pull"),
      );
    }
    await this.#reach({ generation: position.generation, revision: position.after });
    return this.#reads.pull(position, wait);
  }

  async readSnapshot(of: SnapshotName, reader: AbortSignal): Promise<SnapshotRead | undefined> {
    await this.#reach(of);
    return this.#reads.readSnapshot(of, reader);
  }

  delivery(serverId: StorageServerId): DeliveryView | undefined {
    const record = this.#view.record(serverId);
    if (!record) return undefined;
    const { head, state, losses } = this.#view;
    return deliveryView(record, head, handOverOf(state, record, { losses, head }));
  }

  acknowledged(serverId: StorageServerId): Position | undefined {
    return this.#view.record(serverId)?.acked;
  }

  deliveryCounts(): DeliveryCounts {
    return countsOf(this.#view.records(), this.#view.head);
  }

  progress(revision: number): DeliveryProgress {
    return progressOf(this.#view.records(), this.#view.head, revision);
  }

  async waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Convergence> {
    const ask = () => this.#verdictOn(revision);
    return (await this.#waiters.wait(ask, timeoutMs, signal)) ?? "timed-out";
  }

  stopWaiting(): void {
    this.#waiters.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.stopWaiting();
    this.#end();
    await this.#ending;
  }

  /** Whoever holds the lease pushes: from what is durable, and again from that after a failure. */
  #push(term: number | undefined, { state, look }: Pick<Seen, "state" | "look">): void {
    const running = this.#pusher;
    if (running && (running.term !== term || !running.isGood)) this.#end();
    if (term === undefined || this.#ending) return;
    const { wake, look: lookAgain, log } = this.#parts;
    if (!this.#pusher) {
      log.info({ term }, "this process distributes the tables");
      const parts = {
        ...this.#parts,
        ...{ term, onWritten: wake },
        lookAtHead: () => lookAgain().catch(() => undefined),
      };
      this.#pusher = new TermPusher(parts, state, this.#view.known);
    }
    this.#pusher.saw(state, look);
  }

  /** What is in flight may still arrive, which harms nobody; the next one begins afterwards. */
  #end(): void {
    const ending = this.#pusher?.close();
    this.#pusher = undefined;
    if (!ending) return;
    this.#ending = ending.finally(() => {
      this.#ending = undefined;
      this.#parts.wake();
    });
  }

  /** Nobody is taken to be ahead before the store has been looked into. */
  async #reach({ generation, revision }: Position): Promise<void> {
    const { head } = this.#view;
    if (generation === head.generation && revision > head.revision) await this.#parts.look();
  }

  /** Resolves when it is durable, and mostly when it stands in the ledger. */
  async #hear(storageServerId: StorageServerId, event: HeardEvent): Promise<void> {
    const { shared, clock, state, look } = this.#parts;
    const { registeredRevision } = findStorageServer(state(), storageServerId);
    const heard = { storageServerId, registeredRevision, event, at: clock.now() };
    const heardId = await shared.hear(heard);
    if (event.kind !== "reported" && event.kind !== "woken") return;
    await look();
    const ask = () => (this.#untaken.has(heardId) ? undefined : true);
    await this.#waiters.wait(ask, TAKEN_WITHIN_MS);
  }

  #verdictOn(revision: number): Convergence | undefined {
    // A head that is not known here yet has reached nobody.
    if (revision > this.#view.head.revision) return undefined;
    return verdictOn(revision, this.#view.records(), this.#view.head);
  }
}
