/**
 * A cluster that isn't there yet: the state with changes that are only assumed, made by the very
 * decisions that would make them. And, later, whether what was assumed has come true.
 */
import {
  type ClusterState,
  effectiveState,
  putStorageServer,
  releaseLink,
} from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import type { Assignment } from "../link-assignments.ts";
import type { LinkId, LinkState, ProcessId, StorageServerId } from "../model.ts";
import { demandLink, demandProcess } from "./find.ts";
import { assignChecked } from "./link-assignments.ts";
import { changeLink } from "./links.ts";
import { changeProcess, type ProcessRegistration, registerProcess } from "./processes.ts";

export interface Assumptions {
  readonly linksDown?: readonly LinkId[] | undefined;
  readonly linksUp?: readonly LinkId[] | undefined;
  readonly linkAssignments?: readonly Assignment[] | undefined;
  readonly processesAdded?: readonly AssumedProcess[] | undefined;
  readonly processesDraining?: readonly ProcessId[] | undefined;
}

/** Where it will run may not be known yet. */
export type AssumedProcess = Omit<ProcessRegistration, "storageServerId"> & {
  readonly storageServerId?: StorageServerId | undefined;
};

/** Stands for a server that isn't named; no registered one can have this id. */
const NO_SERVER = "(assumed)" as StorageServerId;

/** The state with everything assumed. Refuses as the changes themselves would, with paths. */
export function assume(state: ClusterState, assumptions: Assumptions): ClusterState {
  refuseContradictions(assumptions);
  const { linksDown, linksUp, linkAssignments, processesAdded, processesDraining } = assumptions;
  let next = each(withNoServer(state), "processesAdded", processesAdded, addProcess);
  next = each(next, "linksDown", linksDown, (now, id) => setLink(now, id, "down"));
  next = each(next, "linksUp", linksUp, (now, id) => setLink(now, id, "up"));
  // All are released first, so that links can be swapped.
  next = each(next, "linkAssignments", linkAssignments, (now, { linkId, rNodeId }) => {
    const stands = now.linkAssignments.get(linkId)?.rNodeId === rNodeId;
    return stands ? now : releaseLink(now, linkId);
  });
  next = each(next, "linkAssignments", linkAssignments, assignChecked);
  return each(next, "processesDraining", processesDraining, (now, id) => {
    demandProcess(now, id, "");
    return changeProcess(now, id, { state: "draining" });
  });
}

export interface UnmetAssumption {
  /** As in the request, `linksDown[0]`. */
  readonly path: string;
  readonly message: string;
}

/** The assumptions that don't hold in `state`. */
export function unmetAssumptions(
  state: ClusterState,
  { linksDown, linksUp, linkAssignments, processesAdded, processesDraining }: Assumptions,
): UnmetAssumption[] {
  return [
    ...unmet("linksDown", linksDown, (id) => whyLinkIsNot(state, id, "down")),
    ...unmet("linksUp", linksUp, (id) => whyLinkIsNot(state, id, "up")),
    ...unmet("linkAssignments", linkAssignments, ({ linkId, rNodeId }) => {
      const holder = state.linkAssignments.get(linkId)?.rNodeId;
      return holder === rNodeId ? undefined : `link ${linkId} is held by ${holder ?? "nobody"}`;
    }),
    ...unmet("processesAdded", processesAdded, (process) => whyNotAdded(state, process)),
    ...unmet("processesDraining", processesDraining, (id) => {
      const process = state.processes.get(id);
      const isActive = process && effectiveState(state, process) === "active";
      return isActive ? `process ${id} is active` : undefined;
    }),
  ];
}

function withNoServer(state: ClusterState): ClusterState {
  return putStorageServer(state, {
    id: NO_SERVER,
    state: "active",
    registeredRevision: state.revision,
    revision: state.revision,
  });
}

function addProcess(state: ClusterState, process: AssumedProcess): ClusterState {
  const { storageServerId = state.processes.get(process.id)?.storageServerId ?? NO_SERVER } =
    process;
  return registerProcess(state, { ...process, storageServerId });
}

function setLink(state: ClusterState, id: LinkId, to: LinkState): ClusterState {
  demandLink(state, id, "");
  return changeLink(state, id, { state: to });
}

function whyLinkIsNot(state: ClusterState, id: LinkId, wanted: LinkState): string | undefined {
  const link = state.links.get(id);
  if (!link) return `link ${id} is gone`;
  return link.state === wanted ? undefined : `link ${id} is ${link.state}`;
}

function whyNotAdded(
  state: ClusterState,
  { id, storageServerId, rNodeId, cNodeId, weightMilli }: AssumedProcess,
): string | undefined {
  const now = state.processes.get(id);
  if (!now) return `process ${id} is not registered`;
  const same =
    now.rNodeId === rNodeId &&
    now.cNodeId === cNodeId &&
    (storageServerId ?? now.storageServerId) === now.storageServerId &&
    (weightMilli ?? now.weightMilli) === now.weightMilli;
  return same ? undefined : `process ${id} is registered with other nodes, server or weight`;
}

function refuseContradictions({ linksDown = [], linksUp = [] }: Assumptions): void {
  const down = new Set(linksDown);
  const errors = linksUp.flatMap((id, i) =>
    down.has(id)
      ? [{ path: `assume.linksUp[${i}]`, message: `link ${id} is also in linksDown` }]
      : [],
  );
  if (errors.length === 0) return;
  throw new Refusal("contradicting-assumptions", {
    detail: errors.map(({ message }) => message).join("; "),
    correction: "Assume of each link that it is up or that it is down",
    errors,
  });
}

function each<T>(
  state: ClusterState,
  part: keyof Assumptions,
  items: readonly T[] | undefined,
  change: (state: ClusterState, item: T) => ClusterState,
): ClusterState {
  return (items ?? []).reduce((now, item, i) => {
    try {
      return change(now, item);
    } catch (error) {
      throw error instanceof Refusal ? error.under(`assume.${part}[${i}]`) : error;
    }
  }, state);
}

function unmet<T>(
  part: keyof Assumptions,
  items: readonly T[] | undefined,
  why: (item: T) => string | undefined,
): UnmetAssumption[] {
  return (items ?? []).flatMap((item, i) => {
    const message = why(item);
    return message === undefined ? [] : [{ path: `assume.${part}[${i}]`, message }];
  });
}
