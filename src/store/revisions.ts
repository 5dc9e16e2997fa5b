/** Revisions as they go into the store and come out of it, and the tables as they were. */
import type { ChangeCounts, Changes, VolumeRecord } from "../core/changes.ts";
import type { Digest } from "../core/digest.ts";
import type { LinkAssignment, Process, StorageServerId, VolumeId } from "../core/model.ts";
import type { Difference } from "../core/sorted-map.ts";
import type { AuditEntry, IdempotentCall } from "./calls.ts";
import type { RebalanceToStore } from "./rebalances.ts";

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
