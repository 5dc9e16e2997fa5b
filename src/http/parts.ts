/** What the routes work with. */
import type { Readable } from "node:stream";
import type { ClusterState } from "../core/cluster-state.ts";
import type { Position } from "../core/delivery-record.ts";
import type { DeliveryState, DeliveryView } from "../core/delivery-state.ts";
import type { StorageServer, StorageServerId } from "../core/model.ts";
import type { Backups } from "../operations/backups.ts";
import type { OperationParts } from "../operations/parts.ts";
import type { Threads } from "../threads/threads.ts";

export interface RouteParts extends OperationParts {
  /** The committed state; reads never touch the store. */
  readonly state: () => ClusterState;
  /** How old the state may be, in seconds, where the store is out of reach. */
  readonly ageSeconds: () => number | undefined;
  readonly distribution: Distribution;
  readonly threads: Threads;
  readonly backups: Pick<Backups, "make" | "list">;
  readonly metrics: Metrics;
}

/** What is measured, in the text format of Prometheus. */
export interface Metrics {
  read(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** What the routes ask of the pusher. Revisions are distributed revisions. */
export interface Distribution {
  delivery(server: StorageServer): DeliveryView;
  /** How many servers are in each delivery state that occurs. */
  deliveryCounts(): Partial<Record<DeliveryState, number>>;
  progress(revision: number): DeliveryProgress;
  /** Up to where addresses that came may be served. */
  settledRevision(): number;
  /** The body of the message for a server at `position`, as soon as there is one. */
  pull(
    id: StorageServerId,
    position: PullPosition,
    wait: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array | undefined>;
  /** A snapshot that is to be had, the head's, perhaps the one before; until the reader ends. */
  readSnapshot(of: SnapshotName, reader: AbortSignal): Promise<SnapshotRead | undefined>;
  /** Notices of all revisions after a place in the history, in their order, without end. */
  events(after: Position | undefined): Readable;
  waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<"converged" | "timed-out" | "unreachable-left">;
}

export interface PullPosition {
  readonly generation: number;
  readonly after: number;
  readonly settledRevision?: number | undefined;
}

export interface SnapshotName extends Position {
  readonly settledRevision?: number | undefined;
}

export interface SnapshotRead {
  /** The message, compressed; shared by all who read it. */
  readonly gzip: Uint8Array;
  /** Aborted when the reader has taken too long. */
  readonly late: AbortSignal;
}

export interface DeliveryProgress {
  readonly servers: number;
  readonly acked: number;
  readonly behind: readonly StorageServerId[];
}
