/** What a delta is made from: the rows that differ between two revisions. */
import type { VolumeRecord } from "./changes.ts";
import type { LinkAssignment, LinkId, Process, ProcessId, VolumeId } from "./model.ts";
import type { RangeColumns } from "./ranges.ts";
import type { Difference } from "./sorted-map.ts";

export interface DistributedChanges {
  readonly fromRevision: number;
  readonly toRevision: number;
  /** Records as they were at `fromRevision` and are at `toRevision`, where the two differ. */
  readonly volumes: readonly Difference<VolumeId, VolumeRecord>[];
  readonly processes: readonly Difference<ProcessId, Process>[];
  readonly linkAssignments: readonly Difference<LinkId, LinkAssignment>[];
  /** Rows of the A2C table that stand at `toRevision` and came after `fromRevision`. */
  readonly a2c: readonly { readonly volumeId: VolumeId; readonly ranges: RangeColumns }[];
}
