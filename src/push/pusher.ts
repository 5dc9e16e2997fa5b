/**
 * Brings every registered storage server to the distributed head and keeps it there. Being told
 * of a new head is a hint; the sweep is the guarantee.
 */
import { type ClusterState, emptyState } from "../core/cluster-state.ts";
import type { DeliveryEvent } from "../core/delivery.ts";
import type { DeliveryRecord, Position } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
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
import { invariant } from "../core/errors.ts";
import type { StorageServerId } from "../core/model.ts";
import type { AddressLoss } from "../store/store.ts";
import {
  acknowledgedByAll,
  type Convergence,
  type DeliveryProgress,
  progressOf,
  verdictOn,
} from "./convergence.ts";
import { Deliveries, type KnownRecords } from "./deliveries.ts";
import { Ledger } from "./ledger.ts";
import { losersFirst } from "./losers-first.ts";
import { AddressLosses } from "./losses.ts";
import { Messages } from "./messages.ts";
import { Bursts } from "./pace.ts";
import { type PullPosition, Pulls, type PullWait } from "./pulls.ts";
import type { Pusher, PusherParts } from "./pusher-port.ts";
import { ServerDelivery } from "./server-delivery.ts";
import { type HandOver, handOverOf, settledHead } from "./settling.ts";
import { createSlots } from "./slots.ts";
import { type SnapshotRead, SnapshotReads } from "./snapshot-reads.ts";
import { Waiters } from "./waiters.ts";

export type { Pusher, PusherParts } from "./pusher-port.ts";

const SWEEP_INTERVAL_MS = 30_000;
const SLOT_HOLD_MS_MAX = 200;
const CLOSE_WAIT_MS_MAX = 3000;

/** What the store knew at the start. */
interface Known {
  readonly records: KnownRecords;
  readonly losses: readonly AddressLoss[];
}

export function createPusher(parts: PusherParts): Pusher {
  return new StorageServerPusher(parts);
}

class StorageServerPusher implements Pusher {
  readonly #parts: PusherParts;
  readonly #deliveries: Deliveries;
  readonly #losses = new AddressLosses();
  readonly #waiters: Waiters;
  readonly #pulls: Pulls;
  readonly #snapshotReads: SnapshotReads;
  readonly #ledger: Ledger;
  readonly #messages: Messages;
  readonly #bursts = new Bursts();
  #state: ClusterState = emptyState({ clusterId: "", generation: 0 });
  #head: Head = headOf(this.#state, { settledRevision: 0, floorRevision: 0 });
  /** The head that all deliveries have been told; absent: some began before it was known. */
  #told: Head | undefined;
  #started = false;
  #closed = false;
  /** What was committed while the start was still reading the ledger. */
  #meanwhile: ClusterState | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(parts: PusherParts) {
    const { clock, log, store, transport } = parts;
    const { concurrentSendsMax: countMax = 64, waitingPullsMax = 2_000 } = parts;
    const { snapshotReadsMax: readsMax = 32 } = parts;
    this.#parts = parts;
    this.#waiters = new Waiters(clock);
    this.#messages = new Messages(parts);
    this.#snapshotReads = new SnapshotReads({ clock, readsMax });
    this.#pulls = new Pulls({
      waiters: this.#waiters,
      waitingMax: waitingPullsMax,
      head: () => this.#head,
      bodyOf: async (step) => {
        const { settledRevision } = this.#head;
        return (await this.#messages.messageFor(this.#state, step, settledRevision)).body;
      },
    });
    this.#ledger = new Ledger({
      store,
      clock,
      log,
      onConverged: (revision) => parts.observer?.converged(revision),
      convergedWith: (batch) => acknowledgedByAll(this.#deliveries.recordsWith(batch), this.#head),
      onWritten: () => {
        this.#moveHead();
        this.#waiters.check();
      },
    });
    const shared = {
      ...parts,
      ledger: this.#ledger,
      messages: this.#messages,
      bursts: this.#bursts,
      slots: createSlots({ clock, countMax, holdMsMax: SLOT_HOLD_MS_MAX }),
      state: () => this.#state,
      head: () => this.#head,
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

  get head(): Head {
    return this.#head;
  }

  async start(state: ClusterState): Promise<void> {
    const { store } = this.#parts;
    const [records, losses] = await Promise.all([store.deliveries(), store.addressLosses()]);
    if (this.#closed) return;
    this.#started = true;
    const known = new Map(records.map((record) => [record.storageServerId, record]));
    this.#adopt(this.#meanwhile ?? state, { records: known, losses });
    this.#sweepLater();
  }

  headChanged(state: ClusterState): void {
    if (!this.#started) this.#meanwhile = state;
    else if (!this.#closed) this.#adopt(state);
  }

  registeredAgain(serverId: StorageServerId): void {
    if (!this.#closed) this.#deliveries.get(serverId)?.registeredAgain();
  }

  async reported(serverId: StorageServerId, report: Report): Promise<Head> {
    await this.#hear(serverId, { kind: "reported", report });
    return this.#head;
  }

  async retry(serverId: StorageServerId): Promise<void> {
    await this.#hear(serverId, { kind: "woken" });
  }

  pull(
    serverId: StorageServerId,
    position: PullPosition,
    wait: PullWait,
  ): Promise<Uint8Array | undefined> {
    void this.#hear(serverId, { kind: "pulled" });
    return this.#pulls.next(position, wait);
  }

  async readSnapshot(
    { generation, revision }: Position,
    reader: AbortSignal,
  ): Promise<SnapshotRead | undefined> {
    const { snapshots } = this.#messages;
    const { generation: ours, revision: head, settledRevision } = this.#head;
    const isHead = generation === ours && revision === head;
    const snapshot = isHead
      ? snapshots.of(this.#state, settledRevision)
      : snapshots.find(generation, revision);
    return snapshot && this.#snapshotReads.begin(snapshot, reader);
  }

  delivery(serverId: StorageServerId): DeliveryView | undefined {
    const record = this.#deliveries.get(serverId)?.durable;
    if (!record) return undefined;
    return deliveryView(record, this.#head, this.#handOverOf(record));
  }

  acknowledged(serverId: StorageServerId): Position | undefined {
    return this.#deliveries.get(serverId)?.durable.acked;
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

  async waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Convergence> {
    const ask = () => verdictOn(revision, this.#deliveries.records(), this.#head);
    return (await this.#waiters.wait(ask, timeoutMs, signal)) ?? "timed-out";
  }

  stopWaiting(): void {
    this.#waiters.close();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep?.();
    this.stopWaiting();
    const stopped = Promise.all([...this.#deliveries.all()].map((delivery) => delivery.stop()));
    let cancel = () => {};
    const bound = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(CLOSE_WAIT_MS_MAX, resolve);
    });
    await Promise.race([stopped, bound]);
    cancel();
    await this.#ledger.close();
  }

  #hear(
    serverId: StorageServerId,
    event: Extract<DeliveryEvent, { kind: "reported" | "pulled" | "woken" }>,
  ): Promise<void> {
    const delivery = this.#deliveries.get(serverId);
    invariant(delivery || this.#closed, `storage server ${serverId} is registered`);
    return this.#closed || !delivery ? Promise.resolve() : delivery.heard(event);
  }

  /** Takes a committed state in: servers that came, went or were registered anew, and the head. */
  #adopt(next: ClusterState, known?: Known): void {
    const before = this.#state;
    if (next.generation === before.generation && next.revision < before.revision) return;
    this.#state = next;
    if (next.distributedRevision !== before.distributedRevision) {
      this.#bursts.changed(this.#parts.clock.now());
    }
    if (known) this.#losses.load(known.losses);
    else this.#losses.follow(before, next);
    // Whoever is new begins at the new head; what is settled is told when all are there.
    const floorRevision = this.#parts.floorRevision();
    this.#head = headOf(next, { settledRevision: 0, floorRevision });
    const changes = before.storageServers.differences(next.storageServers);
    this.#deliveries.follow(changes, known?.records ?? new Map());
    if (changes.length > 0) this.#told = undefined;
    this.#moveHead();
    if (changes.length > 0) {
      for (const delivery of this.#deliveries.all()) delivery.wake();
      this.#ledger.touch();
    }
    this.#waiters.check();
  }

  /** Finds out what is settled now, and tells all deliveries where the head is if that is news. */
  #moveHead(): void {
    const told = this.#told;
    const head = settledHead(this.#state, this.#deliveries.records(), {
      losses: this.#losses,
      floorRevision: this.#parts.floorRevision(),
    });
    this.#head = head;
    this.#told = head;
    if (told && isSameHead(told, head)) return;
    for (const delivery of this.#deliveries.all()) delivery.headMoved();
    const isLoser = ({ durable }: ServerDelivery) =>
      this.#handOverOf(durable).unsettledRevision !== undefined;
    for (const delivery of losersFirst(this.#deliveries.all(), isLoser)) delivery.wake();
  }

  #handOverOf(record: DeliveryRecord): HandOver {
    return handOverOf(this.#state, record, { losses: this.#losses, head: this.#head });
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

function isSameHead(one: Head, other: Head): boolean {
  return (
    one.generation === other.generation &&
    one.revision === other.revision &&
    one.settledRevision === other.settledRevision
  );
}
