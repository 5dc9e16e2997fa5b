/**
 * What a plan has read of the cluster state: the maps of its volumes, the active processes with
 * weight and nodes, who holds a link, and the replication cost. It is kept with the plan, so that
 * a later state can be held against it; what else has changed since does not matter to the plan.
 */
import { activeProcesses, type ClusterState, effectiveState } from "../cluster-state.ts";
import type { CNodeId, ProcessId, RNodeId, VolumeId } from "../model.ts";
import type { RebalanceRequest } from "./types.ts";

export interface PlanBasis {
  /** `revision`: that of the map's last change. */
  readonly volumes: readonly { readonly volumeId: VolumeId; readonly revision: number }[];
  readonly activeProcesses: readonly ProcessBasis[];
  /** Every R-node with a link, those of draining processes too. */
  readonly linkHolders: readonly RNodeId[];
  /** Of the settings; null: unset. Absent where the request has a cost of its own. */
  readonly replicationCostMicro?: number | null | undefined;
}

interface ProcessBasis {
  readonly processId: ProcessId;
  readonly rNodeId: RNodeId;
  readonly cNodeId: CNodeId;
  readonly weightMilli: number;
}

/** One thing that is not as the plan had read it. */
export interface BasisChange {
  readonly code:
    | "link-held"
    | "link-released"
    | "map-changed"
    | "nodes-changed"
    | "process-draining"
    | "process-gone"
    | "process-joined"
    | "replication-cost-changed"
    | "volume-gone"
    | "weight-changed";
  readonly detail: string;
  readonly volumeId?: VolumeId | undefined;
  readonly processId?: ProcessId | undefined;
  readonly rNodeId?: RNodeId | undefined;
}

export function basisOf(
  state: ClusterState,
  { volumeIds, replicationCostMicro }: RebalanceRequest,
): PlanBasis {
  const ids = volumeIds ? [...new Set(volumeIds)] : [...state.volumes.keys()];
  const own = replicationCostMicro !== undefined;
  return {
    volumes: ids.map((volumeId) => {
      return { volumeId, revision: state.volumes.get(volumeId)!.revision };
    }),
    activeProcesses: activeProcesses(state).map(({ id, rNodeId, cNodeId, weightMilli }) => {
      return { processId: id, rNodeId, cNodeId, weightMilli };
    }),
    linkHolders: [...state.index.linkByRNode.keys()],
    replicationCostMicro: own ? undefined : (state.settings.replicationCostMicro ?? null),
  };
}

/** What of the basis is otherwise in `state`; nothing: the plan is as good as new. */
export function changesSince(basis: PlanBasis, state: ClusterState): BasisChange[] {
  return [
    ...volumeChanges(basis, state),
    ...processChanges(basis, state),
    ...holderChanges(basis, state),
    ...costChange(basis, state),
  ];
}

function volumeChanges({ volumes }: PlanBasis, state: ClusterState): BasisChange[] {
  return volumes.flatMap(({ volumeId, revision }): BasisChange[] => {
    const volume = state.volumes.get(volumeId);
    if (!volume) {
      return [{ code: "volume-gone", detail: `volume ${volumeId} is gone`, volumeId }];
    }
    if (volume.revision === revision) return [];
    const detail = `the map of volume ${volumeId} changed, last in revision ${volume.revision}`;
    return [{ code: "map-changed", detail, volumeId }];
  });
}

function processChanges(basis: PlanBasis, state: ClusterState): BasisChange[] {
  const known = new Set(basis.activeProcesses.map(({ processId }) => processId));
  const joined = activeProcesses(state)
    .filter(({ id }) => !known.has(id))
    .map(({ id: processId }): BasisChange => {
      const detail = `process ${processId} is active now`;
      return { code: "process-joined", detail, processId };
    });
  const changed = basis.activeProcesses.flatMap((before) => changeOfProcess(before, state));
  return [...changed, ...joined];
}

function changeOfProcess(before: ProcessBasis, state: ClusterState): BasisChange[] {
  const { processId } = before;
  const now = state.processes.get(processId);
  if (!now) return [{ code: "process-gone", detail: `process ${processId} is gone`, processId }];
  if (effectiveState(state, now) === "draining") {
    const detail = `process ${processId} is draining`;
    return [{ code: "process-draining", detail, processId }];
  }
  const changes: BasisChange[] = [];
  if (now.rNodeId !== before.rNodeId || now.cNodeId !== before.cNodeId) {
    const detail = `process ${processId} hosts ${now.rNodeId} and ${now.cNodeId} now`;
    changes.push({ code: "nodes-changed", detail, processId });
  }
  if (now.weightMilli !== before.weightMilli) {
    const [was, is] = [before.weightMilli / 1000, now.weightMilli / 1000];
    const detail = `the weight of process ${processId} was ${was} and is ${is}`;
    changes.push({ code: "weight-changed", detail, processId });
  }
  return changes;
}

function holderChanges({ linkHolders }: PlanBasis, state: ClusterState): BasisChange[] {
  const before = new Set(linkHolders);
  const { linkByRNode } = state.index;
  const released = linkHolders
    .filter((rNodeId) => !linkByRNode.has(rNodeId))
    .map((rNodeId): BasisChange => {
      const detail = `R-node ${rNodeId} holds no link any more`;
      return { code: "link-released", detail, rNodeId };
    });
  const held = [...linkByRNode.keys()]
    .filter((rNodeId) => !before.has(rNodeId))
    .map((rNodeId): BasisChange => {
      const detail = `R-node ${rNodeId} holds link ${linkByRNode.get(rNodeId)} now`;
      return { code: "link-held", detail, rNodeId };
    });
  return [...released, ...held];
}

function costChange({ replicationCostMicro }: PlanBasis, state: ClusterState): BasisChange[] {
  const now = state.settings.replicationCostMicro ?? null;
  if (replicationCostMicro === undefined || replicationCostMicro === now) return [];
  const detail = "the cluster's replicationCost changed";
  return [{ code: "replication-cost-changed", detail }];
}
