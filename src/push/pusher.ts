/**
 * Brings every registered storage server to the distributed head and keeps it there. Being told
 * of a new head is a hint; the sweep is the guarantee.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import type { Position } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
import {
  type DeliveryView,
  deliveryView,
  freshDelivery,
  type Head,
  resumedDelivery,
} from "../core/delivery-state.ts";
import { invariant } from "../core/errors.ts";
import type { StorageServerId } from "../core/model.ts";
import type { AddressLoss } from "../store/revisions.ts";
import type { HeardEvent } from "../store/shared-store.ts";
import {
  acknowledgedByAll,
  type Convergence,
  countsOf,
  type DeliveryCounts,
  type DeliveryProgress,
  progressOf,
  verdictOn,
} from "./convergence.ts";
import { type Adopted, Course } from "./course.ts";
import { Deliveries } from "./deliveries.ts";
import { Ledger } from "./ledger.ts";
import { Messages } from "./messages.ts";
import { Bursts } from "./pace.ts";
import { type PullPosition, Pulls, type PullWait } from "./pulls.ts";
import type { KnownLedger, PusherParts, SendingPusher } from "./pusher-port.ts";
import { ServerDelivery } from "./server-delivery.ts";
import { createSlots } from "./slots.ts";
import { type SnapshotRead, SnapshotReads } from "./snapshot-reads.ts";
import { Waiters } from "./waiters.ts";

export type { Pusher, PusherParts } from "./pusher-port.ts";

const SWEEP_INTERVAL_MS = 30_000;
const SLOT_HOLD_MS_MAX = 200;
const CLOSE_WAIT_MS_MAX = 3000;

export function createPusher(parts: PusherParts): SendingPusher {
  return new StorageServerPusher(parts);
}

class StorageServerPusher implements SendingPusher {
  readonly #parts: PusherParts;
  readonly #deliveries: Deliveries;
  readonly #course: Course;
  readonly #waiters: Waiters;
  readonly #pulls: Pulls;
  readonly #snapshotReads: SnapshotReads;
  readonly #ledger: Ledger;
  readonly #messages: Messages;
  #started = false;
  #closed = false;
  /** What was committed while the start was still reading the ledger. */
  #meanwhile: ClusterState | undefined;
  #cancelSweep: (() => void) | undefined;
  /** So long are answers waited for once the end has begun. */
  #patientUntil: number | undefined;

  constructor(parts: PusherParts) {
    const { clock, log, store, transport, floorRevision } = parts;
    const { concurrentSendsMax: countMax = 64, waitingPullsMax = 2_000 } = parts;
    const { snapshotReadsMax: readsMax = 32 } = parts;
    const bursts = new Bursts();
    this.#parts = parts;
    this.#waiters = new Waiters(clock);
    this.#messages = new Messages(parts);
    this.#snapshotReads = new SnapshotReads({ clock, readsMax });
    this.#pulls = new Pulls({
      waiters: this.#waiters,
      waitingMax: waitingPullsMax,
      head: () => this.#course.head,
      bodyOf: async (step) => {
        const { settledRevision } = this.#course.head;
        return (await this.#messages.messageFor(this.#course.state, step, settledRevision)).body;
      },
    });
    this.#ledger = new Ledger({
      store,
      clock,
      log,
      onConverged: (revision) => parts.observer?.converged(revision),
      convergedWith: (batch) =>
        acknowledgedByAll(this.#deliveries.recordsWith(batch), this.#course.head),
      onWritten: () => {
        this.#course.look();
        this.#waiters.check();
      },
    });
    const shared = {
      ...parts,
      ledger: this.#ledger,
      messages: this.#messages,
      bursts,
      slots: createSlots({ clock, countMax, holdMsMax: SLOT_HOLD_MS_MAX }),
      state: () => this.#course.state,
      head: () => this.#course.head,
    };
    this.#deliveries = new Deliveries({
      open: (server, known) => {
        const record =
          known?.registeredRevision === server.registeredRevision
            ? resumedDelivery(known, this.#course.head, clock.now())
            : freshDelivery(server, clock.now());
        return new ServerDelivery(shared, record);
      },
      ended: (id) => transport.forget(id),
    });
    this.#course = new Course({ clock, bursts, floorRevision, deliveries: this.#deliveries });
  }

  get head(): Head {
    return this.#course.head;
  }

  async start(state: ClusterState): Promise<void> {
    const { store } = this.#parts;
    const [records, losses] = await Promise.all([store.deliveries(), store.addressLosses()]);
    if (this.#closed) return;
    const known = new Map(records.map((record) => [record.storageServerId, record]));
    this.takeUp(this.#meanwhile ?? state, { records: known, losses });
  }

  takeUp(state: ClusterState, known: KnownLedger): void {
    this.#started = true;
    this.#adopt(state, { known });
    this.#sweepLater();
  }

  headChanged(state: ClusterState, lossesBetween?: readonly AddressLoss[]): void {
    if (!this.#started) this.#meanwhile = state;
    else if (!this.#closed) this.#adopt(state, { lossesBetween });
  }

  heard(serverId: StorageServerId, event: HeardEvent): Promise<void> {
    return this.#hear(serverId, event);
  }

  registeredAgain(serverId: StorageServerId): void {
    if (!this.#closed) this.#deliveries.get(serverId)?.registeredAgain();
  }

  async reported(serverId: StorageServerId, report: Report): Promise<Head> {
    await this.#hear(serverId, { kind: "reported", report });
    return this.#course.head;
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
    const { generation: ours, revision: head, settledRevision } = this.#course.head;
    const isHead = generation === ours && revision === head;
    const snapshot = isHead
      ? snapshots.of(this.#course.state, settledRevision)
      : snapshots.find(generation, revision);
    return snapshot && this.#snapshotReads.begin(snapshot, reader);
  }

  delivery(serverId: StorageServerId): DeliveryView | undefined {
    const record = this.#deliveries.get(serverId)?.durable;
    if (!record) return undefined;
    return deliveryView(record, this.#course.head, this.#course.handOverOf(record));
  }

  acknowledged(serverId: StorageServerId): Position | undefined {
    return this.#deliveries.get(serverId)?.durable.acked;
  }

  deliveryCounts(): DeliveryCounts {
    return countsOf(this.#deliveries.records(), this.#course.head);
  }

  progress(revision: number): DeliveryProgress {
    return progressOf(this.#deliveries.records(), this.#course.head, revision);
  }

  async waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Convergence> {
    const ask = () => verdictOn(revision, this.#deliveries.records(), this.#course.head);
    return (await this.#waiters.wait(ask, timeoutMs, signal)) ?? "timed-out";
  }

  stopWaiting(): void {
    this.#waiters.close();
    this.#patientUntil ??= this.#parts.clock.now() + CLOSE_WAIT_MS_MAX;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep?.();
    this.stopWaiting();
    const stopped = Promise.all([...this.#deliveries.all()].map((delivery) => delivery.stop()));
    const { clock } = this.#parts;
    const leftMs = Math.max(0, this.#patientUntil! - clock.now());
    let cancel = () => {};
    const bound = new Promise<void>((resolve) => {
      cancel = clock.after(leftMs, resolve);
    });
    await Promise.race([stopped, bound]);
    cancel();
    await this.#ledger.close();
  }

  #hear(serverId: StorageServerId, event: HeardEvent): Promise<void> {
    const delivery = this.#deliveries.get(serverId);
    invariant(delivery || this.#closed, `storage server ${serverId} is registered`);
    return this.#closed || !delivery ? Promise.resolve() : delivery.heard(event);
  }

  #adopt(next: ClusterState, adopted: Adopted): void {
    const servers = this.#course.take(next, adopted);
    if (servers === "changed") this.#ledger.touch();
    this.#waiters.check();
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
