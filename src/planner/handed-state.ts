/** A state on its way to another thread: plain data, and the maps in the parts they are made of. */
import { AddressMap, type MapParts } from "../core/address-map.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import { type StateRecords, stateOf, type VolumeRecords } from "../core/stored-state.ts";

export interface HandedState {
  readonly records: Omit<StateRecords, "volumes">;
  readonly volumes: readonly (Pick<VolumeRecords, "record"> & { readonly parts: MapParts })[];
}

/** Without what is secret. */
export function handOver(state: ClusterState): HandedState {
  return {
    records: {
      clusterId: state.clusterId,
      generation: state.generation,
      revision: state.revision,
      distributedRevision: state.distributedRevision,
      linkAssignmentsRevision: state.linkAssignmentsRevision,
      digest: state.digest,
      settings: state.settings,
      storageServers: [...state.storageServers.values()],
      credentials: [],
      processes: [...state.processes.values()],
      links: [...state.links.values()],
      linkAssignments: [...state.linkAssignments.values()],
      lostRevisions: [...state.lostRevisions.entries()],
    },
    volumes: [...state.volumes.values()].map(({ map, ...record }) => ({
      record,
      parts: map.parts(),
    })),
  };
}

export function takeOver({ records, volumes }: HandedState): ClusterState {
  return stateOf(
    records,
    volumes.map(({ record, parts }) => ({ ...record, map: AddressMap.ofParts(parts) })),
  );
}
