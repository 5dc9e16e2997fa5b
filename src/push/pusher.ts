/**
 * Brings every registered storage server to the distributed head and keeps it there. Being told
 * of a new head is a hint; the sweep is the guarantee.
 */
import { type ClusterState, emptyState } from "../core/cluster-state.ts";
import {
  type DeliveryState,
  type DeliveryView,
  deliveryState,
  deliveryView,
  freshDelivery,
  type Head,
  headOf,
  resumedDelivery,
} from "../core/delivery-state.ts";
import type { StorageServerId } from "../core/model.ts";
import {
  acknowledgedByAll,
  type Convergence,
  ConvergenceWaiters,
  type DeliveryProgress,
  progressOf,
} from "./convergence.ts";
import { Deliveries, type KnownRecords } from "./deliveries.ts";
import { Ledger } from "./ledger.ts";
import { createMessages } from "./messages.ts";
import type { Pusher, PusherParts } from "./pusher-port.ts";
import { ServerDelivery } from "./server-delivery.ts";
import { settledRevisionOf } from "./settled.ts";
import { createSlots } from "./slots.ts";

export type { Pusher, PusherParts } from "./pusher-port.ts";

const SWEEP_INTERVAL_MS = 30_000;
const SLOT_HOLD_MS_MAX = 500;
const CLOSE_WAIT_MS_MAX = 3000;

export function createPusher(parts: PusherParts): Pusher {
  return new StorageServerPusher(parts);
}

class StorageServerPusher implements Pusher {
  readonly #parts: PusherParts;
  readonly #deliveries: Deliveries;
  readonly #waiters: ConvergenceWaiters;
  readonly #ledger: Ledger;
  #state: ClusterState = emptyState({ clusterId: "", generation: 0 });
  #head: Head = headOf(this.#state);
  #started = false;
  #closed = false;
  /** What was committed while the start was still reading the ledger. */
  #meanwhile: ClusterState | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(parts: PusherParts) {
    const { store, clock, log, transport, concurrentSendsMax: countMax = 64 } = parts;
    this.#parts = parts;
    this.#waiters = new ConvergenceWaiters(clock, (revision) => this.#verdictOn(revision));
    this.#ledger = new Ledger({
      store,
      clock,
      log,
      convergedWith: (batch) => acknowledgedByAll(this.#deliveries.recordsWith(batch), this.#head),
      onWritten: () => this.#waiters.check(),
    });
    const shared = {
      ...parts,
      ledger: this.#ledger,
      messages: createMessages(store),
      slots: createSlots({ clock, countMax, holdMsMax: SLOT_HOLD_MS_MAX }),
      state: () => this.#state,
      head: () => this.#head,
      settledRevision: () => settledRevisionOf(this.#deliveries.records(), this.#head),
    };
    this.#deliveries = new Deliveries({
      open: (server, known) => {
        const record =
          known?.registeredRevision === server.registeredRevision
            ? resumedDelivery(known, this.#head, clock.now())
            : freshDelivery(server, clock.now());
        return new ServerDelivery(shared, record);
      },
      ended: (id) => transport.forget(id),
    });
  }

  async start(state: ClusterState): Promise<void> {
    const records = await this.#parts.store.deliveries();
    if (this.#closed) return;
    this.#started = true;
    const newest = this.#meanwhile ?? state;
    this.#adopt(newest, new Map(records.map((record) => [record.storageServerId, record])));
    this.#sweepLater();
  }

  headChanged(state: ClusterState): void {
    if (!this.#started) this.#meanwhile = state;
    else if (!this.#closed) this.#adopt(state, new Map());
  }

  registeredAgain(serverId: StorageServerId): void {
    if (!this.#closed) this.#deliveries.get(serverId)?.registeredAgain();
  }

  delivery(serverId: StorageServerId): DeliveryView | undefined {
    const delivery = this.#deliveries.get(serverId);
    return delivery && deliveryView(delivery.durable, this.#head);
  }

  deliveryCounts(): Partial<Record<DeliveryState, number>> {
    const counts: Partial<Record<DeliveryState, number>> = {};
    for (const record of this.#deliveries.records()) {
      const state = deliveryState(record, this.#head);
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  progress(revision: number): DeliveryProgress {
    return progressOf(this.#deliveries.records(), this.#head, revision);
  }

  waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Convergence> {
    if (this.#closed) return Promise.resolve("timed-out");
    return this.#waiters.wait(revision, timeoutMs, signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep?.();
    this.#waiters.close();
    const stopped = Promise.all([...this.#deliveries.all()].map((delivery) => delivery.stop()));
    let cancel = () => {};
    const bound = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(CLOSE_WAIT_MS_MAX, resolve);
    });
    await Promise.race([stopped, bound]);
    cancel();
    await this.#ledger.close();
  }

  /** Takes a committed state in: servers that came, went or were registered anew, and the head. */
  #adopt(next: ClusterState, known: KnownRecords): void {
    const before = this.#state;
    if (next.generation === before.generation && next.revision < before.revision) return;
    this.#state = next;
    const moved =
      next.generation !== before.generation ||
      next.distributedRevision !== before.distributedRevision;
    if (moved) this.#head = headOf(next);
    const changes = before.storageServers.differences(next.storageServers);
    this.#deliveries.follow(changes, known);
    if (moved) for (const delivery of this.#deliveries.all()) delivery.headMoved();
    if (moved || changes.length > 0) for (const delivery of this.#deliveries.all()) delivery.wake();
    if (changes.length > 0) this.#ledger.touch();
    this.#waiters.check();
  }

  #verdictOn(revision: number): Convergence | undefined {
    const { behind, unreachable } = this.progress(revision);
    if (behind.length === 0) return "converged";
    const told = revision <= this.#head.revision;
    return told && behind.length === unreachable.length ? "unreachable-left" : undefined;
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#parts.clock.after(SWEEP_INTERVAL_MS, () => {
      const { committed } = this.#parts;
      if (committed) this.headChanged(committed());
      for (const delivery of this.#deliveries.all()) delivery.wake();
      this.#sweepLater();
    });
  }
}
