/** Small states and decisions for single tests. */
import { AddressMap } from "../../src/core/address-map.ts";
import {
  type ClusterState,
  emptyState,
  putSettings,
  putVolume,
} from "../../src/core/cluster-state.ts";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import { SortedMap } from "../../src/core/sorted-map.ts";
import type { Append } from "../../src/store/revisions.ts";
import { CLUSTER_ID } from "./bench.ts";
import { decisionOf } from "./store-model.ts";

export const EMPTY_STATE = emptyState({ clusterId: CLUSTER_ID, generation: 1 });

/** `count` decisions, one after another, that each change the settings. */
export function settingsDecisions(from: ClusterState, count: number) {
  const entries: Append[] = [];
  let state = from;
  for (let i = 0; i < count; i++) {
    const revision = state.revision + 1;
    const draft = putSettings(state, { replicationCostMicro: revision, revision });
    const { entry, after } = decisionOf(state, draft);
    entries.push(entry);
    state = after;
  }
  return { entries, state };
}

export function volumeWith(
  state: ClusterState,
  id: string,
  ranges: readonly (readonly [firstLba: number, lastLba: number, cNodeId: string])[],
): ClusterState {
  const map = AddressMap.of(
    ranges.map(([firstLba, lastLba, owner]) => ({
      firstLba,
      lastLba,
      cNodeId: owner as CNodeId,
    })),
  );
  const revision = state.revision + 1;
  const createdRevision = state.volumes.get(id as VolumeId)?.createdRevision ?? revision;
  const { blockCount } = map;
  return putVolume(state, {
    ...{ id: id as VolumeId, blockCount, extentBlocks: 1, createdRevision, revision, map },
  });
}

/** What a cluster is made of, with credentials, for a state of another one. */
export function contentsOf({ storageServers, processes, volumes, index }: ClusterState) {
  const credentials = SortedMap.from(
    [...storageServers.keys()].map((id) => [id, { signingSecret: "secret", tokenSha256: "0" }]),
  );
  return { storageServers, credentials, processes, volumes, index };
}
