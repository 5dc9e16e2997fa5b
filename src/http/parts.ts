/** What the routes work with. */
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryState, DeliveryView } from "../core/delivery-state.ts";
import type { StorageServer, StorageServerId } from "../core/model.ts";
import type { OperationParts } from "../operations/parts.ts";

export interface RouteParts extends OperationParts {
  /** The committed state; reads never touch the store. */
  readonly state: () => ClusterState;
  readonly distribution: Distribution;
}

/** What the routes ask of the pusher. Revisions are distributed revisions. */
export interface Distribution {
  delivery(server: StorageServer): DeliveryView;
  /** How many servers are in each delivery state that occurs. */
  deliveryCounts(): Partial<Record<DeliveryState, number>>;
  progress(revision: number): DeliveryProgress;
  waitUntilConverged(
    revision: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<"converged" | "timed-out" | "unreachable-left">;
}

export interface DeliveryProgress {
  readonly servers: number;
  readonly acked: number;
  readonly behind: readonly StorageServerId[];
}
