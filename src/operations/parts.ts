/** What the operations work with; wired in `service.ts`. */
import type { Match } from "../core/decisions/precondition.ts";
import type { Position } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
import type { DeliveryState, Head } from "../core/delivery-state.ts";
import type { StorageServerId } from "../core/model.ts";
import type { Planner } from "../planner/planner.ts";
import type { IdempotentCall } from "../store/calls.ts";
import type { Store } from "../store/store.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { LoadBook } from "./load-book.ts";
import type { Turns } from "./turns.ts";

export interface OperationParts {
  readonly commits: CommitQueue;
  readonly store: Store;
  readonly delivery: Delivery;
  readonly loads: LoadBook;
  /** Of the rebalances, by their ids. */
  readonly turns: Turns;
  readonly planner: Planner;
  readonly callbackPolicy: CallbackPolicy;
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Where callbacks may go; the same rule is applied again to every connection. */
export interface CallbackPolicy {
  admitUrl(url: string): Promise<{ allowed: true } | { allowed: false; reason: string }>;
}

/** What the pusher knows; a consumer of revisions like any other. */
export interface Delivery {
  unreachable(): ReadonlySet<StorageServerId>;
  state(id: StorageServerId): DeliveryState | undefined;
  /** What a server has durably, in whichever generation. */
  acknowledged(id: StorageServerId): Position | undefined;
  /** Takes in what a server says of itself; answers when that is durable, with the head then. */
  reported(id: StorageServerId, report: Report): Promise<Head>;
  /** Tries now. */
  retry(id: StorageServerId): Promise<void>;
  /** A registration that stands was sent once more: a server that was given up is tried anew. */
  registeredAgain(id: StorageServerId): void;
}

/** Who calls, and which version the call was made from. */
export interface Caller {
  readonly actor: string;
  readonly match?: Match | undefined;
  /** Absent: nobody called. */
  readonly call?: AuditCall | undefined;
  /** Of a call that may be sent again; to be asked when all of it is known. */
  readonly idempotent?: (() => Promise<IdempotentCall>) | undefined;
}

/** The call as the audit is told of it. */
export interface AuditCall {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** Called when it has taken a revision, with which it was written. */
  readonly onCommitted: () => void;
}
