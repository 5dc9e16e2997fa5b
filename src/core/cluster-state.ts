/**
 * Everything the service decides from, at one revision. Immutable: a decision takes a state and
 * makes the next one with the functions below, which keep the indexes in step; what changed is
 * found afterwards by comparing the two (changes.ts), in one place for all decisions.
 */
import { type Digest, EMPTY_DIGEST } from "./digest.ts";
import type {
  CNodeId,
  Credentials,
  DNodeId,
  Link,
  LinkAssignment,
  LinkId,
  Process,
  ProcessId,
  RNodeId,
  ServiceState,
  Settings,
  StorageServer,
  StorageServerId,
  Volume,
  VolumeId,
} from "./model.ts";
import { SortedMap } from "./sorted-map.ts";

export interface ClusterState {
  readonly clusterId: string;
  readonly generation: number;
  /** The store's head: counts every change. */
  readonly revision: number;
  /** The distributed head: the last revision that changed what storage servers receive. */
  readonly distributedRevision: number;
  /** The revision in which the assignment table last changed. */
  readonly linkAssignmentsRevision: number;
  /** Of the distributed state. */
  readonly digest: Digest;
  readonly settings: Settings;
  readonly storageServers: SortedMap<StorageServerId, StorageServer>;
  readonly credentials: SortedMap<StorageServerId, Credentials>;
  readonly processes: SortedMap<ProcessId, Process>;
  readonly links: SortedMap<LinkId, Link>;
  readonly volumes: SortedMap<VolumeId, Volume>;
  readonly linkAssignments: SortedMap<LinkId, LinkAssignment>;
  /** For each server that lost addresses in this generation, the last revision in which it did. */
  readonly lostRevisions: SortedMap<StorageServerId, number>;
  /** Derived from the above. */
  readonly index: Indexes;
}

interface Indexes {
  readonly processByRNode: SortedMap<RNodeId, ProcessId>;
  readonly processByCNode: SortedMap<CNodeId, ProcessId>;
  readonly processByDNode: SortedMap<DNodeId, ProcessId>;
  readonly linkByRNode: SortedMap<RNodeId, LinkId>;
}

/** Which cluster this is, and which life of its store. */
export interface Identity {
  readonly clusterId: string;
  readonly generation: number;
}

/** The state of a cluster that nothing is registered in. */
export function emptyState({ clusterId, generation }: Identity): ClusterState {
  return {
    clusterId,
    generation,
    revision: 0,
    distributedRevision: 0,
    linkAssignmentsRevision: 0,
    digest: EMPTY_DIGEST,
    settings: { revision: 0 },
    storageServers: SortedMap.empty(),
    credentials: SortedMap.empty(),
    processes: SortedMap.empty(),
    links: SortedMap.empty(),
    volumes: SortedMap.empty(),
    linkAssignments: SortedMap.empty(),
    lostRevisions: SortedMap.empty(),
    index: indexOf([], []),
  };
}

export function indexOf(
  processes: readonly Process[],
  linkAssignments: readonly LinkAssignment[],
): Indexes {
  return {
    processByRNode: SortedMap.from(processes.map((p) => [p.rNodeId, p.id])),
    processByCNode: SortedMap.from(processes.map((p) => [p.cNodeId, p.id])),
    processByDNode: SortedMap.from(
      processes.flatMap((p) => (p.dNodeId ? [[p.dNodeId, p.id] as const] : [])),
    ),
    linkByRNode: SortedMap.from(linkAssignments.map((row) => [row.rNodeId, row.linkId])),
  };
}

/** The revision that a change decided on this state takes. */
export const nextRevision = (state: ClusterState): number => state.revision + 1;

export function putStorageServer(state: ClusterState, server: StorageServer): ClusterState {
  return { ...state, storageServers: state.storageServers.with(server.id, server) };
}

export function putCredentials(
  state: ClusterState,
  id: StorageServerId,
  credentials: Credentials,
): ClusterState {
  return { ...state, credentials: state.credentials.with(id, credentials) };
}

export function removeStorageServer(state: ClusterState, id: StorageServerId): ClusterState {
  return {
    ...state,
    storageServers: state.storageServers.without(id),
    credentials: state.credentials.without(id),
    lostRevisions: state.lostRevisions.without(id),
  };
}

export function putProcess(state: ClusterState, process: Process): ClusterState {
  const cleared = removeProcess(state, process.id);
  const { index } = cleared;
  return {
    ...cleared,
    processes: state.processes.with(process.id, process),
    index: {
      ...index,
      processByRNode: index.processByRNode.with(process.rNodeId, process.id),
      processByCNode: index.processByCNode.with(process.cNodeId, process.id),
      processByDNode: process.dNodeId
        ? index.processByDNode.with(process.dNodeId, process.id)
        : index.processByDNode,
    },
  };
}

export function removeProcess(state: ClusterState, id: ProcessId): ClusterState {
  const process = state.processes.get(id);
  if (!process) return state;
  const { index } = state;
  return {
    ...state,
    processes: state.processes.without(id),
    index: {
      ...index,
      processByRNode: index.processByRNode.without(process.rNodeId),
      processByCNode: index.processByCNode.without(process.cNodeId),
      processByDNode: process.dNodeId
        ? index.processByDNode.without(process.dNodeId)
        : index.processByDNode,
    },
  };
}

/** Puts a link; the row of the assignment table follows where its far end has changed. */
export function putLink(state: ClusterState, link: Link): ClusterState {
  const next = { ...state, links: state.links.with(link.id, link) };
  const assignment = state.linkAssignments.get(link.id);
  if (!assignment) return next;
  const sameEnd =
    assignment.remoteAddress === link.remoteAddress && assignment.remotePort === link.remotePort;
  return sameEnd ? next : assignLink(next, link.id, assignment.rNodeId);
}

export function removeLink(state: ClusterState, id: LinkId): ClusterState {
  return { ...state, links: state.links.without(id) };
}

/** Gives a registered link to an R-node that holds none, taking it from its present holder. */
export function assignLink(state: ClusterState, linkId: LinkId, rNodeId: RNodeId): ClusterState {
  const released = releaseLink(state, linkId);
  const link = state.links.get(linkId);
  const assignment: LinkAssignment = {
    linkId,
    rNodeId,
    remoteAddress: link?.remoteAddress,
    remotePort: link?.remotePort,
    revision: nextRevision(state),
  };
  return {
    ...released,
    linkAssignments: released.linkAssignments.with(linkId, assignment),
    index: { ...released.index, linkByRNode: released.index.linkByRNode.with(rNodeId, linkId) },
  };
}

export function releaseLink(state: ClusterState, linkId: LinkId): ClusterState {
  const assignment = state.linkAssignments.get(linkId);
  if (!assignment) return state;
  return {
    ...state,
    linkAssignments: state.linkAssignments.without(linkId),
    index: { ...state.index, linkByRNode: state.index.linkByRNode.without(assignment.rNodeId) },
  };
}

export function putVolume(state: ClusterState, volume: Volume): ClusterState {
  return { ...state, volumes: state.volumes.with(volume.id, volume) };
}

export function removeVolume(state: ClusterState, id: VolumeId): ClusterState {
  return { ...state, volumes: state.volumes.without(id) };
}

export function putSettings(state: ClusterState, settings: Settings): ClusterState {
  return { ...state, settings };
}

/** Draining counts for all processes of a draining storage server. */
export function effectiveState(state: ClusterState, process: Process): ServiceState {
  const server = state.storageServers.get(process.storageServerId);
  return server?.state === "draining" ? "draining" : process.state;
}

/** Processes that take work, in process id order. */
export function activeProcesses(state: ClusterState): Process[] {
  return [...state.processes.values()].filter((p) => effectiveState(state, p) === "active");
}

/** The link that a process's R-node holds. */
export function linkOf(state: ClusterState, process: Process): LinkId | undefined {
  return state.index.linkByRNode.get(process.rNodeId);
}

/** The process that hosts a C-node. */
export function processOfCNode(state: ClusterState, cNodeId: CNodeId): Process | undefined {
  const id = state.index.processByCNode.get(cNodeId);
  return id === undefined ? undefined : state.processes.get(id);
}

/** The process that hosts an R-node. */
export function processOfRNode(state: ClusterState, rNodeId: RNodeId): Process | undefined {
  const id = state.index.processByRNode.get(rNodeId);
  return id === undefined ? undefined : state.processes.get(id);
}

/** Number of addresses and of ranges that a C-node owns over all volumes. */
export function holdingsOf(
  state: ClusterState,
  cNodeId: CNodeId,
): { addressCount: number; rangeCount: number } {
  let [addressCount, rangeCount] = [0, 0];
  for (const { map } of state.volumes.values()) {
    addressCount += map.sizeOf(cNodeId);
    rangeCount += map.rangeCountOf(cNodeId);
  }
  return { addressCount, rangeCount };
}
