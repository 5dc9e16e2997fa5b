/** The messages without tables: that more is settled, and where a large snapshot can be fetched. */
import type { ClusterState } from "./cluster-state.ts";
import type { TablesUpdate } from "./delta.ts";

/** Tells who is at the head of the moment up to where what came may be served. */
export interface SettledMessage {
  readonly type: "tables.update";
  readonly clusterId: string;
  readonly generation: number;
  readonly kind: "settled";
  readonly revision: number;
  readonly settledRevision: number;
}

export function settledMessage(
  { clusterId, generation, distributedRevision }: ClusterState,
  settledRevision: number,
): SettledMessage {
  const heading = { type: "tables.update", clusterId, generation, kind: "settled" } as const;
  return { ...heading, revision: distributedRevision, settledRevision };
}

/** A snapshot that is too large to push. */
export interface SnapshotReference extends SnapshotFile {
  readonly type: "tables.update";
  readonly clusterId: string;
  readonly generation: number;
  readonly kind: "snapshot-ref";
  readonly revision: number;
  readonly settledRevision: number;
  readonly digest: string;
}

/** Where a snapshot's message can be fetched, and how it is recognised, uncompressed. */
export interface SnapshotFile {
  readonly url: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export function snapshotReference(snapshot: TablesUpdate, file: SnapshotFile): SnapshotReference {
  const { type, clusterId, generation, revision, settledRevision, digest } = snapshot;
  const heading = { type, clusterId, generation, kind: "snapshot-ref", revision } as const;
  return { ...heading, settledRevision, digest, ...file };
}
