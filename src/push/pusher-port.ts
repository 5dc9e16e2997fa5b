/**
 * The distribution to the storage servers, as the rest of the program sees it. What is kept is
 * the state each server is to reach, never a queue of messages.
 */
import type { Clock } from "../core/clock.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";
import type { Position } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
import type { DeliveryView, Head, Step } from "../core/delivery-state.ts";
import type { StorageServerId } from "../core/model.ts";
import type { AddressLoss } from "../store/revisions.ts";
import type { HeardEvent } from "../store/shared-store.ts";
import type { Store } from "../store/store.ts";
import type { Convergence, DeliveryCounts, DeliveryProgress } from "./convergence.ts";
import type { KnownRecords } from "./deliveries.ts";
import type { Log } from "./log.ts";
import type { PullPosition, PullWait } from "./pulls.ts";
import type { SnapshotRead } from "./snapshot-reads.ts";
import type { Transport } from "./transport.ts";

export interface PusherParts {
  readonly store: Pick<
    Store,
    "deliveries" | "addressLosses" | "recordDeliveries" | "changesBetween"
  >;
  readonly transport: Transport;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly log: Log;
  readonly concurrentSendsMax?: number;
  readonly waitingPullsMax?: number;
  readonly snapshotReadsMax?: number;
  /** The oldest revision that deltas can begin at. */
  readonly floorRevision: () => number;
  /** How storage servers reach this service, for what they fetch; without a slash at the end. */
  readonly publicUrl: () => Promise<string>;
  /** The committed state, for the sweep: it finds what a lost hint has not told. */
  readonly committed?: () => ClusterState;
  /** Sees to it that the head is as new as the store's, where others move it too. */
  readonly lookAtHead?: () => Promise<void>;
  /** Other processes serve the snapshots that this one names. */
  readonly snapshotsElsewhere?: boolean;
  /** For who measures. */
  readonly observer?: PushObserver;
}

/** Is told what happens; it must not fail. */
export interface PushObserver {
  /** A message was sent and answered, or was not answered. */
  pushed(pushed: {
    readonly kind: Step["kind"];
    readonly answer: DeliveryAnswer["kind"];
    readonly bytes: number;
    readonly durationMs: number;
  }): void;
  /** It is durable that every storage server has this distributed revision. */
  converged(revision: number): void;
}

/** What a pusher begins with: the ledger, and the losses of addresses, as of one head. */
export interface KnownLedger {
  readonly records: KnownRecords;
  readonly losses: readonly AddressLoss[];
}

/** The one who sends, also where others follow what it records. */
export interface SendingPusher extends Pusher {
  /** Begins with what is known, instead of reading it. */
  takeUp(state: ClusterState, known: KnownLedger): void;
  /** `lossesBetween`: of revisions of others that were skipped, ascending. */
  headChanged(state: ClusterState, lossesBetween?: readonly AddressLoss[]): void;
  /** Takes in what a server, or an operator about it, has said to another process. */
  heard(serverId: StorageServerId, event: HeardEvent): Promise<void>;
}

/** Which snapshot is read; what is settled where it was named with it. */
export interface SnapshotName extends Position {
  readonly settledRevision?: number | undefined;
}

export interface Pusher {
  /** Takes up where the ledger says; servers that have the head are sent nothing. */
  start(state: ClusterState): Promise<void>;
  /** To be called with the committed state after every commit, whatever it changed. */
  headChanged(state: ClusterState): void;
  /** To be called when a registration that stands was sent once more: wakes who sleeps. */
  registeredAgain(serverId: StorageServerId): void;
  /** Takes in what a server says of itself; answers when that is durable, with the head then. */
  reported(serverId: StorageServerId, report: Report): Promise<Head>;
  /** Tries now, whatever was before; gone and ahead servers take more than that. */
  retry(serverId: StorageServerId): Promise<void>;
  /**
   * The body of the message that a server at `position` is to get, as soon as there is one;
   * nothing when the time is up. It acknowledges nothing. Refused when too many wait already.
   */
  pull(
    serverId: StorageServerId,
    position: PullPosition,
    wait: PullWait,
  ): Promise<Uint8Array | undefined>;
  /**
   * The snapshot of the head, or of the one before while somebody may still be fetching it; read
   * until `reader` is aborted. Refused when too many read already.
   */
  readSnapshot(of: SnapshotName, reader: AbortSignal): Promise<SnapshotRead | undefined>;
  /** Absent: no such storage server is registered. */
  delivery(serverId: StorageServerId): DeliveryView | undefined;
  /** What a server has durably acknowledged, in whichever generation. */
  acknowledged(serverId: StorageServerId): Position | undefined;
  /** Where every server is to be brought, and what is settled. */
  readonly head: Head;
  /** How many storage servers are in each delivery state that occurs. */
  deliveryCounts(): DeliveryCounts;
  /** Who has acknowledged a distributed revision. */
  progress(revision: number): DeliveryProgress;
  /**
   * Waits until all storage servers have acknowledged a distributed revision; ends before when
   * only parked, dormant, gone or ahead ones are missing, or the time is up, or `signal` aborts.
   */
  waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Convergence>;
  /** Answers everybody who waits, and who comes to wait, with what there is. */
  stopWaiting(): void;
  /** Begins nothing new, gives what is in flight a moment, writes what was acknowledged. */
  close(): Promise<void>;
}
