/**
 * What a store that several processes write to offers beside the port: how each of them follows
 * what the others write, which one distributes the tables, and what that one is told by the others.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { Report } from "../core/delivery-reports.ts";
import type { StorageServerId } from "../core/model.ts";
import type { News } from "../core/news.ts";
import type { StateRecords } from "../core/stored-state.ts";
import type { AddressLoss } from "./revisions.ts";

export interface SharedStore {
  /** What there is beyond what is known, all of it as of one moment. */
  look(known: Known): Promise<Look>;
  /**
   * Holds the lease of the distribution for `ttlMs` from now on, by the database's clock: under
   * `term`, where that is still the last one, or under a new one where nobody holds it. Tells the
   * term; nothing where somebody else has the lease.
   */
  hold(lease: LeaseWanted): Promise<number | undefined>;
  /** Lets the next one have it at once. */
  release(term: number): Promise<void>;
  /**
   * Keeps what was heard until it is `taken` into the ledger; of each kind and server the last.
   * Tells its `heardId`.
   */
  hear(heard: HeardOf): Promise<string>;
  /**
   * `recordDeliveries` of whoever holds the lease under `term`, together with what the records
   * come from. `superseded`: a later term has begun, and nothing was written.
   */
  recordUnder(term: number, write: LedgerWrite): Promise<"recorded" | "superseded">;
  /** Calls `hint` when somebody has written; some such hints get lost. Ends with the store. */
  onHint(hint: () => void): void;
}

/** What a process that follows the store has seen of one moment. */
export interface Seen {
  /** The head. */
  readonly state: ClusterState;
  readonly look: Look;
  /** Under which this process held the lease then. */
  readonly term: number | undefined;
}

export interface Known {
  readonly revision: number;
  readonly ledgerVersion: number;
  /** Losses of addresses are known up to this revision. */
  readonly lossesRevision: number;
}

export interface Look {
  readonly head: StateFigures;
  /** From the known revision to the head: the way, or the whole where no way is kept. */
  readonly news: News | StateRecords | undefined;
  readonly floorRevision: number;
  readonly ledgerVersion: number;
  /** Written since the known version. */
  readonly deliveries: readonly DeliveryRecord[];
  /** After the known revision. */
  readonly losses: readonly AddressLoss[];
  /** The last term of the lease; 0: nobody has ever had it. */
  readonly term: number;
  readonly heard: readonly Heard[];
}

export type StateFigures = Pick<StateRecords, "clusterId" | "generation" | "revision" | "digest">;

export interface LeaseWanted {
  /** For whoever looks into the database. */
  readonly holder: string;
  readonly term: number | undefined;
  readonly ttlMs: number;
}

export interface LedgerWrite {
  readonly records: readonly DeliveryRecord[];
  readonly converged: { readonly revision: number; readonly at: number } | undefined;
  /** What has been heard and stands in the records now, or never will. */
  readonly taken: readonly Heard[];
}

/** What a storage server, or an operator about it, has said to one of the processes. */
export interface HeardOf {
  readonly storageServerId: StorageServerId;
  readonly registeredRevision: number;
  readonly event: HeardEvent;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type HeardEvent =
  | { readonly kind: "reported"; readonly report: Report }
  | { readonly kind: "pulled" | "woken" | "registered-again" };

export interface Heard extends HeardOf {
  readonly heardId: string;
}
