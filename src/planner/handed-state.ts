/** A state on its way to another thread: plain data, and the maps in the parts they are made of. */
import { AddressMap, type MapParts } from "../core/address-map.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import type { CNodeId } from "../core/model.ts";
import { Numbering } from "../core/numbering.ts";
import { type StateRecords, stateOf, type VolumeRecords } from "../core/stored-state.ts";

export interface HandedState {
  readonly records: Omit<StateRecords, "volumes">;
  /** Of all maps, each once: a hundred maps may name the same ten thousand. */
  readonly owners: readonly CNodeId[];
  readonly volumes: readonly HandedVolume[];
}

interface HandedVolume extends Pick<VolumeRecords, "record"> {
  readonly parts: Omit<MapParts, "owners">;
  /** The map's owners, as indexes into those of all maps. */
  readonly owners: Uint32Array;
}

/** Without what is secret. */
export function handOver(state: ClusterState): HandedState {
  const owners = new Numbering<CNodeId>();
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
    owners: owners.values,
    volumes: [...state.volumes.values()].map(({ map, ...record }) => {
      const { owners: named, ...parts } = map.parts();
      return { record, parts, owners: numbersOf(named, owners) };
    }),
  };
}

export function takeOver({ records, owners, volumes }: HandedState): ClusterState {
  return stateOf(
    records,
    volumes.map(({ record, parts, owners: places }) => {
      const named: CNodeId[] = [];
      for (const place of places) named.push(owners[place]!);
      return { ...record, map: AddressMap.ofParts({ ...parts, owners: named }) };
    }),
  );
}

function numbersOf(names: readonly CNodeId[], numbering: Numbering<CNodeId>): Uint32Array {
  const numbers = new Uint32Array(names.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = numbering.numberOf(names[i]!);
  return numbers;
}
