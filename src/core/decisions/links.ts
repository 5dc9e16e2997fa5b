import {
  type ClusterState,
  nextRevision,
  processOfRNode,
  putLink,
  releaseLink,
  removeLink,
} from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import type { Labels, Link, LinkId, LinkState, StorageServerId } from "../model.ts";
import { demandStorageServer, findLink } from "./find.ts";
import { merge } from "./merge.ts";

export interface LinkPatch {
  readonly remoteAddress?: string | null | undefined;
  readonly remotePort?: number | null | undefined;
  readonly localAddress?: string | null | undefined;
  readonly labels?: Labels | null | undefined;
  readonly storageServerId?: StorageServerId | null | undefined;
  readonly state?: LinkState | undefined;
}

export interface LinkRegistration extends LinkPatch {
  readonly id: LinkId;
}

export function registerLink(state: ClusterState, registration: LinkRegistration): ClusterState {
  const revision = nextRevision(state);
  const existing = state.links.get(registration.id);
  const fresh: Link = { id: registration.id, state: "up", revision };
  return settle(state, existing, merge<Link>(existing ?? fresh, registration));
}

export function changeLink(state: ClusterState, id: LinkId, patch: LinkPatch): ClusterState {
  const link = findLink(state, id);
  return settle(state, link, merge<Link>(link, patch));
}

export function deleteLink(state: ClusterState, id: LinkId): ClusterState {
  findLink(state, id);
  const holder = state.linkAssignments.get(id);
  if (holder) {
    throw new Refusal("link-assigned", {
      detail: `link ${id} is held by R-node ${holder.rNodeId}`,
      correction: `Release it with DELETE /v1/link-assignments/${id}, then delete the link`,
    });
  }
  return removeLink(state, id);
}

/** Puts a changed link. A link that is down is released in the same revision. */
function settle(state: ClusterState, before: Link | undefined, after: Link): ClusterState {
  if (after === before) return state;
  if (after.storageServerId !== undefined && after.storageServerId !== before?.storageServerId) {
    demandStorageServer(state, after.storageServerId, "storageServerId");
  }
  const link = { ...after, revision: nextRevision(state) };
  if (link.state === "down") return putLink(releaseLink(state, link.id), link);
  refuseForeignHolder(state, link);
  return putLink(state, link);
}

function refuseForeignHolder(state: ClusterState, link: Link): void {
  const assignment = state.linkAssignments.get(link.id);
  if (!assignment || link.storageServerId === undefined) return;
  const holder = processOfRNode(state, assignment.rNodeId);
  if (holder?.storageServerId === link.storageServerId) return;
  const message = `link ${link.id} is held by R-node ${assignment.rNodeId} on ${holder?.storageServerId}`;
  throw new Refusal("link-bound-elsewhere", {
    detail: `${message}, so it cannot be bound to ${link.storageServerId}`,
    correction: "Release the link first",
    errors: [{ path: "storageServerId", message }],
  });
}
