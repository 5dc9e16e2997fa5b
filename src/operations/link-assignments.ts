import {
  giveLink,
  releaseLink,
  replaceAssignments,
  spreadFreeLinks,
} from "../core/decisions/link-assignments.ts";
import { linkAssignmentsRevisions } from "../core/decisions/precondition.ts";
import type { Assignment } from "../core/link-assignments.ts";
import type { LinkId } from "../core/model.ts";
import { commitTable } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

const valid = linkAssignmentsRevisions;

export function putAssignment(
  parts: OperationParts,
  caller: Caller,
  { linkId, rNodeId }: Assignment,
) {
  return commitTable(parts, caller, {
    kind: "assign-link",
    valid,
    decide: (state) => ({
      state: giveLink(state, linkId, rNodeId),
      answer: { created: !state.linkAssignments.has(linkId) },
    }),
  });
}

export function removeAssignment(parts: OperationParts, caller: Caller, linkId: LinkId) {
  return commitTable(parts, caller, {
    kind: "release-link",
    valid,
    decide: (state) => ({ state: releaseLink(state, linkId), answer: undefined }),
  });
}

/** Replaces the whole table in one revision. */
export function putAssignments(
  parts: OperationParts,
  caller: Caller,
  entries: readonly Assignment[],
) {
  return commitTable(parts, caller, {
    kind: "replace-link-assignments",
    valid,
    versionNeeded: true,
    decide: (state) => ({ state: replaceAssignments(state, entries), answer: undefined }),
  });
}

/** Spreads the free links; a dry run tells what it would give and changes nothing. */
export function autoAssign(parts: OperationParts, caller: Caller, { dryRun }: { dryRun: boolean }) {
  return commitTable(parts, caller, {
    kind: "auto-assign-links",
    valid,
    decide: (state) => {
      const spread = spreadFreeLinks(state);
      return { state: dryRun ? state : spread.state, answer: { given: spread.given } };
    },
  });
}
