/** The headings of the revisions, and the head's figures as of each. */
import { type Digest, EMPTY_DIGEST } from "../../core/digest.ts";
import type { RevisionRecord } from "../revisions.ts";
import { bytes, type RowCodec, rowCodec } from "./columns.ts";

type FlatRevision = Omit<RevisionRecord, "changed"> & RevisionRecord["changed"];

const FLAT = rowCodec<FlatRevision>({
  revision: "revision",
  at: "at",
  actor: "actor",
  reason: "reason",
  kind: "kind",
  a2cEntries: "a2c_entries",
  linkAssignments: "link_assignments",
  movedAddresses: "moved_addresses",
  distributedRevision: "distributed_revision",
  convergedAt: "converged_at",
});

export const REVISIONS: RowCodec<RevisionRecord> = {
  columns: FLAT.columns,
  toRow: ({ changed, ...rest }) => FLAT.toRow({ ...rest, ...changed }),
  fromRow: (row) => {
    const { a2cEntries, linkAssignments, movedAddresses, ...rest } = FLAT.fromRow(row);
    return { ...rest, changed: { a2cEntries, linkAssignments, movedAddresses } };
  },
};

/** The head's figures as of a revision. */
export interface RevisionFigures {
  readonly generation: number;
  readonly distributedRevision: number;
  readonly digest: Digest;
}

export const FIGURES = rowCodec<RevisionFigures>({
  generation: "generation",
  distributedRevision: "distributed_revision",
  digest: bytes("digest"),
});

/** As of revision 0, which has no heading. */
export const FIRST_FIGURES: RevisionFigures = {
  generation: 1,
  distributedRevision: 0,
  digest: EMPTY_DIGEST,
};
