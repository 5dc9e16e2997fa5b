import {
  type ClusterState,
  holdingsOf,
  linkOf,
  nextRevision,
  putProcess,
  removeProcess,
} from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import {
  type CNodeId,
  type DNodeId,
  MILLI,
  type Process,
  type ProcessId,
  type RNodeId,
  type ServiceState,
  type StorageServerId,
} from "../model.ts";
import { demandStorageServer, findProcess } from "./find.ts";
import { refuseHeldBack, whatHoldsProcess } from "./holdbacks.ts";
import { merge } from "./merge.ts";

export interface ProcessRegistration {
  readonly id: ProcessId;
  readonly storageServerId: StorageServerId;
  readonly rNodeId: RNodeId;
  readonly cNodeId: CNodeId;
  readonly dNodeId?: DNodeId | undefined;
  /** 1 (1,000 thousandths) for a new process. */
  readonly weightMilli?: number | undefined;
}

export interface ProcessPatch {
  readonly weightMilli?: number | undefined;
  readonly state?: ServiceState | undefined;
}

export function registerProcess(
  state: ClusterState,
  registration: ProcessRegistration,
): ClusterState {
  demandStorageServer(state, registration.storageServerId, "storageServerId");
  refuseTakenNodes(state, registration);
  const existing = state.processes.get(registration.id);
  const revision = nextRevision(state);
  if (!existing) {
    const { weightMilli = MILLI } = registration;
    return putProcess(state, { ...registration, weightMilli, state: "active", revision });
  }
  const changed = merge<Process>(existing, registration);
  if (changed === existing) return state;
  refuseMoveInUse(state, existing, changed);
  return putProcess(state, { ...changed, revision });
}

export function changeProcess(
  state: ClusterState,
  id: ProcessId,
  patch: ProcessPatch,
): ClusterState {
  const process = findProcess(state, id);
  const changed = merge<Process>(process, patch);
  if (changed === process) return state;
  return putProcess(state, { ...changed, revision: nextRevision(state) });
}

export function deleteProcess(state: ClusterState, id: ProcessId): ClusterState {
  const process = findProcess(state, id);
  refuseHeldBack(whatHoldsProcess(state, process));
  return removeProcess(state, id);
}

/** R-, C- and D-node ids are each unique in the cluster. */
function refuseTakenNodes(state: ClusterState, registration: ProcessRegistration): void {
  const { index } = state;
  const { rNodeId, cNodeId, dNodeId } = registration;
  const holders = [
    { path: "rNodeId", nodeId: rNodeId, holder: index.processByRNode.get(rNodeId) },
    { path: "cNodeId", nodeId: cNodeId, holder: index.processByCNode.get(cNodeId) },
    { path: "dNodeId", nodeId: dNodeId, holder: dNodeId && index.processByDNode.get(dNodeId) },
  ];
  const errors = holders
    .filter(({ holder }) => holder !== undefined && holder !== registration.id)
    .map(({ path, nodeId, holder }) => ({ path, message: `${nodeId} is hosted by ${holder}` }));
  if (errors.length === 0) return;
  throw new Refusal("node-id-taken", {
    detail: errors.map((error) => error.message).join("; "),
    correction: "Give every process R-, C- and D-node ids of its own",
    errors,
  });
}

/**
 * A process in use stays where it is: its nodes are named by both tables. A D-node where none is
 * registered takes nobody's place.
 */
function refuseMoveInUse(state: ClusterState, before: Process, after: Process): void {
  const fields = ["storageServerId", "rNodeId", "cNodeId", "dNodeId"] as const;
  const errors = fields
    .filter((field) => before[field] !== undefined && before[field] !== after[field])
    .map((path) => ({ path, message: `${before[path]} is registered` }));
  if (errors.length === 0) return;
  const { addressCount } = holdingsOf(state, before.cNodeId);
  const linkId = linkOf(state, before);
  if (addressCount === 0 && linkId === undefined) return;
  const use = linkId === undefined ? `owns ${addressCount} addresses` : `holds link ${linkId}`;
  throw new Refusal("process-in-use", {
    detail: `process ${before.id} ${use}, so its server and nodes cannot change`,
    correction: "Drain and rebalance it and release its link first",
    errors,
  });
}
