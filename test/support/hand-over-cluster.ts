/** A cluster in which every storage server hosts one C-node, and addresses move between them. */
import { AddressMap } from "../../src/core/address-map.ts";
import * as cluster from "../../src/core/cluster-state.ts";
import type { CNodeId, OwnedRange, Process, VolumeId } from "../../src/core/model.ts";

export const cNodeOf = (serverName: string) => `c-${serverName}` as CNodeId;
export const VOLUME = "vol" as VolumeId;

type Change = (state: cluster.ClusterState) => cluster.ClusterState;

/** Registers the process of a server. */
export const addNode =
  (server: string): Change =>
  (state) =>
    cluster.putProcess(state, {
      ...{ id: `p-${server}`, storageServerId: server, weightMilli: 1000, state: "active" },
      ...{ rNodeId: `r-${server}`, cNodeId: cNodeOf(server) },
      revision: cluster.nextRevision(state),
    } as Process);

/** Makes a volume from the owner of each address. */
export const makeVolume =
  (owners: readonly string[], id = VOLUME): Change =>
  (state) => {
    const revision = cluster.nextRevision(state);
    const map = AddressMap.of(rangesOf(owners));
    const sizes = { blockCount: owners.length, extentBlocks: 1 };
    return cluster.putVolume(state, { id, ...sizes, createdRevision: revision, map, revision });
  };

/** Gives addresses to a server's C-node. */
export const give =
  (server: string, firstLba: number, lastLba: number, id = VOLUME): Change =>
  (state) => {
    const volume = state.volumes.get(id)!;
    const map = volume.map.paint([{ firstLba, lastLba, cNodeId: cNodeOf(server) }]);
    return cluster.putVolume(state, { ...volume, map, revision: cluster.nextRevision(state) });
  };

function rangesOf(owners: readonly string[]): OwnedRange[] {
  const ranges: OwnedRange[] = [];
  for (const [lba, owner] of owners.entries()) {
    const cNodeId = cNodeOf(owner);
    const last = ranges.at(-1);
    if (last?.cNodeId === cNodeId) ranges[ranges.length - 1] = { ...last, lastLba: lba };
    else ranges.push({ firstLba: lba, lastLba: lba, cNodeId });
  }
  return ranges;
}
