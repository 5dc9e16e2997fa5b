import { type ClusterState, processOfRNode } from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import type { LinkId, ProcessId, StorageServerId } from "../model.ts";
import { demandLink } from "./find.ts";
import { changeLink } from "./links.ts";

interface Named {
  readonly links: readonly { readonly linkId: LinkId }[];
  readonly processes: readonly { readonly processId: ProcessId }[];
}

/** Refuses a report that names a link that does not exist, or a process that runs elsewhere. */
export function admitReport(state: ClusterState, id: StorageServerId, report: Named): void {
  for (const [i, { linkId }] of report.links.entries()) {
    demandLink(state, linkId, `links[${i}].linkId`);
  }
  for (const [i, { processId }] of report.processes.entries()) {
    if (state.processes.get(processId)?.storageServerId === id) continue;
    const message = `process ${processId} does not run on storage server ${id}`;
    throw new Refusal("unknown-process", {
      detail: message,
      correction: "Report the load of the server's own processes",
      errors: [{ path: `processes[${i}].processId`, message }],
    });
  }
}

/**
 * Takes links down that a storage server reports as down. It knows only its own: those that an
 * R-node of it holds, or that are bound to it. Others are left as they are, since a link may have
 * moved on while the report was under way.
 */
export function releaseReportedLinks(
  state: ClusterState,
  id: StorageServerId,
  links: readonly LinkId[],
): ClusterState {
  return links
    .filter((linkId) => isOwn(state, id, linkId))
    .reduce((next, linkId) => changeLink(next, linkId, { state: "down" }), state);
}

function isOwn(state: ClusterState, id: StorageServerId, linkId: LinkId): boolean {
  const holder = state.linkAssignments.get(linkId);
  if (!holder) return state.links.get(linkId)?.storageServerId === id;
  return processOfRNode(state, holder.rNodeId)?.storageServerId === id;
}
