/**
 * The store's port: narrow and asynchronous, so that an engine may live in another thread or on
 * another machine. Whoever implements it proves itself with test/store/contract.ts.
 */
import type { ChangeCounts, Changes, VolumeRecord } from "../core/changes.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { Digest } from "../core/digest.ts";
import type { DistributedChanges } from "../core/distributed-changes.ts";
import type {
  LinkAssignment,
  Process,
  ProcessId,
  StorageServerId,
  VolumeId,
} from "../core/model.ts";
import type { News } from "../core/news.ts";
import type { Ownership } from "../core/ownership.ts";
import type { RangeColumns } from "../core/ranges.ts";
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import type { Moves } from "../core/rebalance/move-list.ts";
import type { Move } from "../core/rebalance/types.ts";
import type { Difference } from "../core/sorted-map.ts";
import type { StateRecords } from "../core/stored-state.ts";
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
  rebalanceMoves(id: string, page: { offset: number; limit: number }): Promise<Move[]>;

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

/** So long a call that is sent again is answered again, not done again. */
export const CALLS_ANSWERED_MS = 24 * 60 * 60 * 1000;

/** A write with an Idempotency-Key. Digests are SHA-256 in hex. */
export interface IdempotentCall {
  /** Of who calls what with which key. */
  readonly callSha256: string;
  /** Of what is asked. */
  readonly requestSha256: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface KeptCall extends IdempotentCall {
  readonly revision: number;
  /** Absent: it is durable, but the service ended before it could answer. */
  readonly answer?: KeptAnswer | undefined;
}

export interface KeptAnswer {
  readonly status: number;
  readonly location?: string | undefined;
  readonly etag?: string | undefined;
  /** JSON, without secrets. */
  readonly body?: unknown;
}

/** What became of a call. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** `done`: it needed no revision. */
  readonly outcome: "committed" | "done" | "refused" | "denied";
  /** Absent where it was committed: the answer came after. */
  readonly status?: number | undefined;
  /** Of the problem. */
  readonly code?: string | undefined;
  readonly revision?: number | undefined;
}

export interface AuditRecord extends AuditEntry {
  /** Rises with time. */
  readonly id: number;
}

export interface AuditPage {
  readonly limit: number;
  readonly before?: number | undefined;
  readonly actor?: string | undefined;
  /** Milliseconds since 1970: from this time on. */
  readonly since?: number | undefined;
  /** Before this time. */
  readonly until?: number | undefined;
}

/** One decision, and the revision it takes. */
export interface Append {
  readonly heading: RevisionHeading;
  readonly changes: Changes;
  /** The head's figures after it. */
  readonly digest: Digest;
  readonly distributedRevision: number;
  readonly linkAssignmentsRevision: number;
  /** The servers whose last loss is another one than before; all of them in a new generation. */
  readonly losses: readonly Difference<StorageServerId, number>[];
  /** The call that made it, which is kept in the same transaction. */
  readonly call?: Pick<AuditEntry, "method" | "path"> | undefined;
  /** The same, where it may be sent again. */
  readonly idempotent?: IdempotentCall | undefined;
  /** The rebalance that this revision applies or takes back. */
  readonly rebalance?: RebalanceToStore | undefined;
}

export type AppendOutcome =
  | "committed"
  | "conflict"
  | { readonly repeated: readonly [string, ...string[]] };

export interface AddressLoss {
  readonly storageServerId: StorageServerId;
  readonly revision: number;
}

/** What a storage server has measured of a process, in a unit of its own choice. */
export interface MeasuredLoad {
  readonly processId: ProcessId;
  readonly cNodeLoad: number;
  readonly rNodeLoad: number;
  /** When the service was told, in milliseconds since 1970. */
  readonly at: number;
}

export interface RevisionHeading {
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly reason?: string | undefined;
  /** What was done, for example `register-process` or `rebalance`. */
  readonly kind: string;
  readonly changed: ChangeCounts;
}

export interface RevisionPage extends RevisionFilter {
  readonly before?: number | undefined;
  readonly limit: number;
}

/** What is left out is not asked for. */
export interface RevisionFilter {
  readonly kind?: string | undefined;
  readonly actor?: string | undefined;
  /** At this time or later, in milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Before this time. */
  readonly until?: number | undefined;
}

export interface RevisionRecord extends RevisionHeading {
  /** The distributed head as of this revision. */
  readonly distributedRevision: number;
  /** When every storage server had acknowledged it, as the service learnt it. */
  readonly convergedAt?: number | undefined;
}

export interface RevisionDetails extends RevisionRecord {
  /** Without credentials, which have no history. */
  readonly changes: Omit<Changes, "credentials">;
}

/** The distributed state as of a revision, but for the rows of the A2C table. */
export interface PastTables {
  readonly revision: number;
  readonly generation: number;
  readonly distributedRevision: number;
  readonly digest: Digest;
  /** Each in id order. */
  readonly processes: readonly Process[];
  readonly volumes: readonly VolumeRecord[];
  readonly linkAssignments: readonly LinkAssignment[];
}

/** When one is passed, a tenth of it goes. The head is always kept. */
export interface HistoryLimits {
  readonly revisionsMax: number;
  /** About so many bytes of the store. */
  readonly bytesMax: number;
}

export interface PruneStep {
  readonly floorRevision: number;
  /** Nothing is left to be done. */
  readonly done: boolean;
}

export interface Address {
  readonly volumeId: VolumeId;
  readonly lba: number;
}

export interface RangePage {
  readonly volumeId: VolumeId;
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface RebalanceRecord {
  readonly id: string;
  /** The resource as it is listed. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly moveCount: number;
}

export interface KeptRebalance extends RebalanceRecord {
  readonly plan: KeptPlan;
}

export interface NewRebalance extends Omit<KeptRebalance, "moveCount"> {
  readonly moves: Moves;
  /** From when on it need not be kept, in milliseconds since 1970; for ever without. */
  readonly forgetAt?: number | undefined;
}

/** A new document for one that took a revision; its plan and its moves stay as they are. */
export type RebalanceChange = Pick<RebalanceRecord, "id" | "document">;

export type RebalanceToStore = NewRebalance | RebalanceChange;

/** The store cannot be opened or used; `message` says what is wrong and what to do, in a line. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly reason: "unavailable" | "full" | "outcome-unknown";

  constructor(reason: StoreError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
