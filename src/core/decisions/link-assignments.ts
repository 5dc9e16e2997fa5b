import {
  assignLink,
  type ClusterState,
  effectiveState,
  releaseLink as releaseFromHolder,
} from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import { type Assignment, spreadLinks } from "../link-assignments.ts";
import type { LinkId, RNodeId } from "../model.ts";
import { demandLink, demandRNodeProcess, findLink } from "./find.ts";

/** Gives a link to an R-node, taking it from another if need be. */
export function giveLink(state: ClusterState, linkId: LinkId, rNodeId: RNodeId): ClusterState {
  findLink(state, linkId);
  return assignChecked(state, { linkId, rNodeId });
}

export function releaseLink(state: ClusterState, linkId: LinkId): ClusterState {
  findLink(state, linkId);
  if (!state.linkAssignments.has(linkId)) {
    throw new Refusal("link-not-assigned", { detail: `nobody holds link ${linkId}` });
  }
  return releaseFromHolder(state, linkId);
}

/** Replaces the whole table, so that links can be swapped. Assignments that stand are kept. */
export function replaceAssignments(
  state: ClusterState,
  entries: readonly Assignment[],
): ClusterState {
  const wanted = new Map(entries.map(({ linkId, rNodeId }) => [linkId, rNodeId]));
  let next = state;
  for (const { linkId, rNodeId } of state.linkAssignments.values()) {
    if (wanted.get(linkId) !== rNodeId) next = releaseFromHolder(next, linkId);
  }
  entries.forEach((entry, i) => {
    try {
      demandLink(next, entry.linkId, "linkId");
      next = assignChecked(next, entry);
    } catch (error) {
      throw error instanceof Refusal ? error.under(`entries[${i}]`) : error;
    }
  });
  return next;
}

/** Gives free links to free R-nodes, spread evenly; tells which. */
export function spreadFreeLinks(state: ClusterState): {
  state: ClusterState;
  given: readonly Assignment[];
} {
  const given = spreadLinks(state);
  const next = given.reduce(
    (current, { linkId, rNodeId }) => assignLink(current, linkId, rNodeId),
    state,
  );
  return { state: next, given };
}

/** One assignment with all that FIG. 6 asks of it; the same state where it stands already. */
export function assignChecked(state: ClusterState, { linkId, rNodeId }: Assignment): ClusterState {
  const link = demandLink(state, linkId, "linkId");
  const process = demandRNodeProcess(state, rNodeId, "rNodeId");
  if (state.linkAssignments.get(linkId)?.rNodeId === rNodeId) return state;
  if (link.state === "down") {
    throw conflict("link-down", "linkId", `link ${linkId} is down`, "Set the link up first");
  }
  if (link.storageServerId !== undefined && link.storageServerId !== process.storageServerId) {
    const where = `link ${linkId} is bound to storage server ${link.storageServerId}`;
    const message = `${where}, R-node ${rNodeId} runs on ${process.storageServerId}`;
    throw conflict("link-bound-elsewhere", "rNodeId", message, "Choose an R-node of that server");
  }
  const held = state.index.linkByRNode.get(rNodeId);
  if (held !== undefined) {
    const message = `R-node ${rNodeId} holds link ${held}`;
    throw conflict("r-node-has-link", "rNodeId", message, "Release that link first");
  }
  if (effectiveState(state, process) === "draining") {
    const message = `process ${process.id} of R-node ${rNodeId} is draining`;
    throw conflict("process-draining", "rNodeId", message, "Choose an R-node of an active process");
  }
  return assignLink(state, linkId, rNodeId);
}

function conflict(code: RefusalCode, path: string, message: string, correction: string): Refusal {
  return new Refusal(code, { detail: message, correction, errors: [{ path, message }] });
}
