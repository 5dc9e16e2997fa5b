/** A whole cluster in one revision: how a script registers it, and may run again. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal } from "../errors.ts";
import type { Assignment } from "../link-assignments.ts";
import type { Credentials, LinkId, RNodeId, StorageServerId } from "../model.ts";
import type { Steps } from "../steps.ts";
import { demandRNodeProcess } from "./find.ts";
import { assignChecked } from "./link-assignments.ts";
import { type LinkRegistration, registerLink } from "./links.ts";
import { type ProcessRegistration, registerProcess } from "./processes.ts";
import { registerStorageServer, type StorageServerRegistration } from "./storage-servers.ts";
import { registerVolume, type VolumeRegistration } from "./volumes.ts";

export interface Topology {
  readonly storageServers?: readonly StorageServerRegistration[] | undefined;
  readonly processes?: readonly ProcessRegistration[] | undefined;
  readonly links?: readonly LinkRegistration[] | undefined;
  readonly volumes?: readonly VolumeRegistration[] | undefined;
  readonly linkAssignments?: readonly Assignment[] | undefined;
}

type Part = keyof Topology;

export interface TopologyOutcome {
  readonly created: Readonly<Record<Part, number>>;
  readonly createdStorageServerIds: readonly StorageServerId[];
  /** Items that stood and were changed, and that stood and were left as they are. */
  readonly changed: number;
  readonly unchanged: number;
  /** Assignments that stay as an operator has set them since; null: nobody holds the link. */
  readonly kept: readonly { readonly linkId: LinkId; readonly rNodeId: RNodeId | null }[];
}

/** Registers everything or, with the first refusal, nothing. */
export function* registerTopology(
  state: ClusterState,
  topology: Topology,
  credentialsOf: (id: StorageServerId) => Credentials,
): Steps<{ state: ClusterState; outcome: TopologyOutcome }> {
  const tally = new Tally(state);
  yield* tally.each("storageServers", topology.storageServers, (now, item) => ({
    next: registerStorageServer(now, item, credentialsOf(item.id)),
    isNew: !now.storageServers.has(item.id),
  }));
  yield* tally.each("processes", topology.processes, (now, item) => ({
    next: registerProcess(now, item),
    isNew: !now.processes.has(item.id),
  }));
  yield* tally.each("links", topology.links, (now, item) => ({
    next: registerLink(now, item),
    isNew: !now.links.has(item.id),
  }));
  yield* tally.each("volumes", topology.volumes, (now, item) => ({
    next: registerVolume(now, item),
    isNew: !now.volumes.has(item.id),
  }));
  const kept: { linkId: LinkId; rNodeId: RNodeId | null }[] = [];
  yield* tally.each("linkAssignments", topology.linkAssignments, (now, item) => {
    // Whoever registered the link before may have moved or released it since: that stands.
    if (!state.links.has(item.linkId)) return { next: assignChecked(now, item), isNew: true };
    demandRNodeProcess(now, item.rNodeId, "rNodeId");
    const rNodeId = now.linkAssignments.get(item.linkId)?.rNodeId ?? null;
    if (rNodeId !== item.rNodeId) kept.push({ linkId: item.linkId, rNodeId });
    return { next: now, isNew: false };
  });
  const createdStorageServerIds = (topology.storageServers ?? [])
    .map((server) => server.id)
    .filter((id) => !state.storageServers.has(id));
  const { created, changed, unchanged } = tally;
  return {
    state: tally.state,
    outcome: { created, createdStorageServerIds, changed, unchanged, kept },
  };
}

/** Some milliseconds' worth: a volume is laid out over all processes. */
const ITEMS_PER_STEP: Record<Part, number> = {
  storageServers: 256,
  processes: 256,
  links: 256,
  volumes: 1,
  linkAssignments: 256,
};

interface Step {
  readonly next: ClusterState;
  readonly isNew: boolean;
}

class Tally {
  state: ClusterState;
  changed = 0;
  unchanged = 0;
  readonly created: Record<Part, number> = {
    storageServers: 0,
    processes: 0,
    links: 0,
    volumes: 0,
    linkAssignments: 0,
  };

  constructor(state: ClusterState) {
    this.state = state;
  }

  *each<T>(
    part: Part,
    items: readonly T[] | undefined,
    register: (state: ClusterState, item: T) => Step,
  ): Steps<void> {
    const perStep = ITEMS_PER_STEP[part];
    for (const [i, item] of (items ?? []).entries()) {
      if (i > 0 && i % perStep === 0) yield;
      const { next, isNew } = underPath(`${part}[${i}]`, () => register(this.state, item));
      if (isNew) this.created[part]++;
      else if (next !== this.state) this.changed++;
      else this.unchanged++;
      this.state = next;
    }
  }
}

function underPath<T>(path: string, register: () => T): T {
  try {
    return register();
  } catch (error) {
    throw error instanceof Refusal ? error.under(path) : error;
  }
}
