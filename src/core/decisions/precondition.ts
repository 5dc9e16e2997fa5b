/** `If-Match` (RFC 9110, 13.1.1): a write that names the version it was made from. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import type { Volume } from "../model.ts";

/** Entity tags `"<generation>.<revision>"`, or any version that exists. */
export type Match = "any" | readonly EntityTag[];

export interface EntityTag {
  readonly generation: number;
  readonly revision: number;
}

/** The revisions that still describe the thing as it is: from its last change to the newest. */
export interface ValidRevisions {
  readonly first: number;
  readonly last: number;
}

/** A volume's map, as read any time since it last changed. */
export function volumeRevisions(state: ClusterState, volume: Volume): ValidRevisions {
  return { first: volume.revision, last: state.distributedRevision };
}

/** The assignment table, as read any time since it last changed. */
export function linkAssignmentsRevisions(state: ClusterState): ValidRevisions {
  return { first: state.linkAssignmentsRevision, last: state.distributedRevision };
}

/** Both tables together. */
export function distributedRevisions({ distributedRevision }: ClusterState): ValidRevisions {
  return { first: distributedRevision, last: distributedRevision };
}

export function recordRevisions(record: { readonly revision: number }): ValidRevisions {
  return { first: record.revision, last: record.revision };
}

/** `valid` is absent where the thing does not exist. */
export function requireMatch(
  state: ClusterState,
  match: Match | undefined,
  valid: ValidRevisions | undefined,
): void {
  if (match === undefined) return;
  if (valid && match === "any") return;
  const matches =
    valid &&
    match !== "any" &&
    match.some(
      ({ generation, revision }) =>
        generation === state.generation && revision >= valid.first && revision <= valid.last,
    );
  if (matches) return;
  throw new Refusal("precondition-failed", {
    detail: valid
      ? `If-Match does not name the present version, "${state.generation}.${valid.last}"`
      : "If-Match names a version of something that does not exist",
    correction: "Read it again, check that the change still makes sense, and send the new ETag",
  });
}

/** For writes that would overwrite a whole table: the version must be named. */
export function demandMatch(
  state: ClusterState,
  match: Match | undefined,
  valid: ValidRevisions,
): void {
  if (match === undefined) {
    throw new Refusal("precondition-required", {
      detail: "this write needs an If-Match header",
      correction: `Read the table, and send its ETag as If-Match (now "${state.generation}.${valid.last}")`,
    });
  }
  requireMatch(state, match, valid);
}
