/**
 * The store's port: narrow and asynchronous, so that an engine may live in another thread or on
 * another machine. Whoever implements it proves itself with test/store/contract.ts.
 */
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { DistributedChanges } from "../core/distributed-changes.ts";
import type { ProcessId } from "../core/model.ts";
import type { News } from "../core/news.ts";
import type { Ownership } from "../core/ownership.ts";
import type { RangeColumns } from "../core/ranges.ts";
import type { Moves } from "../core/rebalance/move-list.ts";
import type { StateRecords } from "../core/stored-state.ts";
import type {
  AuditEntry,
  AuditPage,
  AuditRecord,
  IdempotentCall,
  KeptAnswer,
  KeptCall,
} from "./calls.ts";
import type { KeptRebalance, NewRebalance, RebalanceRecord } from "./rebalances.ts";
import type {
  Address,
  AddressLoss,
  Append,
  AppendOutcome,
  HistoryLimits,
  PastTables,
  PruneStep,
  RangePage,
  RevisionDetails,
  RevisionPage,
  RevisionRecord,
} from "./revisions.ts";
import type { SharedStore } from "./shared-store.ts";

export interface Store {
  /** Whether other processes write to it too, so that the head may move by itself. */
  readonly isShared: boolean;
  /** How they work together; present where there may be several. */
  readonly shared?: SharedStore;
  /** The head, whole. */
  load(): Promise<StateRecords>;
  /**
   * Makes `entries` durable in one transaction, in their order. `conflict`: the head is not
   * `baseRevision` any more and nothing was written; take the news in and decide again. The
   * columns of the changes are handed over: whatever comes of it, they are empty afterwards.
   * Without entries it tells whether the head is still `baseRevision`. `repeated`: another process
   * has carried these calls out, by their digests, and nothing was written.
   */
  append(baseRevision: number, entries: readonly Append[]): Promise<AppendOutcome>;
  /** What leads from a revision to the head; nothing from below the floor or beyond the head. */
  news(sinceRevision: number): Promise<News | undefined>;
  /** The rows that differ between two revisions, from < to ≤ head; nothing from below the floor. */
  changesBetween(fromRevision: number, toRevision: number): Promise<DistributedChanges | undefined>;

  /** Newest first, those of the filter below `before`, at most `limit`. */
  revisions(page: RevisionPage): Promise<RevisionRecord[]>;
  /** Revisions without what they changed, as far as they are kept. */
  headings(revisions: readonly number[]): Promise<RevisionRecord[]>;
  /** One revision with everything it changed; nothing below the floor. */
  revision(revision: number): Promise<RevisionDetails | undefined>;

  /** The oldest revision that can be read; 0, the empty cluster, while nothing was pruned. */
  floorRevision(): Promise<number>;
  /** What stood at a revision; nothing below the floor and beyond the head. */
  tablesAt(revision: number): Promise<PastTables | undefined>;
  /**
   * The rows of a volume's map that stood at a revision, in address order: those that begin after
   * the address `after`, at most `limit`. Nothing below the floor and beyond the head.
   */
  rangesAt(revision: number, page: RangePage): Promise<RangeColumns | undefined>;

  /**
   * The rows that held an address, newest first and without a gap, at most `limit`: beginning
   * with the one that stands, or that left with `closedBy`; ending where the volume, or its
   * growth to that address, began, or below the floor.
   */
  ownersOf(
    address: Address,
    page: { closedBy?: number | undefined; limit: number },
  ): Promise<Ownership[]>;

  /**
   * One step of bringing the history back to its limits: raises the floor, or deletes at most
   * `rowsMax` rows that can't be read any more or, of rebalances, need no longer be kept `now`.
   */
  prune(limits: HistoryLimits, rowsMax: number, now: number): Promise<PruneStep>;

  /** The delivery ledger. */
  deliveries(): Promise<DeliveryRecord[]>;
  /**
   * In which revisions of this generation the storage servers lost addresses, by server and
   * ascending: those that are not acknowledged, and the last one that is.
   */
  addressLosses(): Promise<AddressLoss[]>;
  /**
   * Writes the records whose registration still stands; others are dropped silently. Marks every
   * distributed revision up to `converged.revision` that isn't marked yet as converged.
   */
  recordDeliveries(
    records: readonly DeliveryRecord[],
    converged?: { readonly revision: number; readonly at: number },
  ): Promise<void>;

  /** Keeps a plan that takes no revision (a dry run). */
  saveRebalance(rebalance: NewRebalance): Promise<void>;
  rebalance(id: string): Promise<KeptRebalance | undefined>;
  /** In id order, those after `after`, at most `limit`. */
  rebalances(page: { after?: string; limit: number }): Promise<RebalanceRecord[]>;
  /** In order, from `offset`, at most `limit`. */
  rebalanceMoves(id: string, page: { offset: number; limit: number }): Promise<Moves>;

  /** Keeps the last figures of each process; those of a process that is not registered drop out. */
  recordLoads(loads: readonly MeasuredLoad[]): Promise<void>;
  /** In process id order. */
  loads(): Promise<MeasuredLoad[]>;

  /** Keeps what was done and denied without a revision; the oldest go where there are too many. */
  recordAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first, those of the filter below `before`, at most `limit`. */
  audit(page: AuditPage): Promise<AuditRecord[]>;

  /** Keeps the answer of a write that may be sent again, whether it took a revision or not. */
  keepAnswer(call: IdempotentCall, revision: number, answer: KeptAnswer): Promise<void>;
  idempotentCall(callSha256: string): Promise<KeptCall | undefined>;
  /**
   * Copies the whole store into `file`, which is empty. Others read and write meanwhile; the copy
   * is the store as it is when this resolves. Absent where backups are the database's business.
   */
  copyTo?(file: string): Promise<void>;

  close(): Promise<void>;
}

/** What a storage server has measured of a process, in a unit of its own choice. */
export interface MeasuredLoad {
  readonly processId: ProcessId;
  readonly cNodeLoad: number;
  readonly rNodeLoad: number;
  /** When the service was told, in milliseconds since 1970. */
  readonly at: number;
}
