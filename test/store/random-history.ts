/** Random histories of a small cluster, made with the functions that decisions use. */
import fc from "fast-check";
import { AddressMap } from "../../src/core/address-map.ts";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import * as cluster from "../../src/core/cluster-state.ts";
import type {
  CNodeId,
  Credentials,
  LinkId,
  OwnedRange,
  ProcessId,
  RNodeId,
  StorageServerId,
  Volume,
  VolumeId,
} from "../../src/core/model.ts";

export interface Step {
  readonly kind: keyof typeof STEPS;
  /** Says which record, and how it is. */
  readonly pick: number;
  readonly detail: number;
  /** Begins a new transaction. */
  readonly newBatch: boolean;
}

/** In every secret of a random history; must be found nowhere in what has history. */
export const SECRET_MARK = "whsec_never-in-history";

const EXTENT_BLOCKS = 1;

type Change = (state: ClusterState, pick: number, detail: number) => ClusterState;

const STEPS = {
  putServer: (state, pick, detail) => {
    const id = serverId(pick);
    const callbackUrl = detail % 3 === 0 ? undefined : `http://192.0.2.1/${detail % 3}`;
    const old = state.storageServers.get(id);
    const isSame = old && old.callbackUrl === callbackUrl;
    const revision = cluster.nextRevision(state);
    const next = cluster.putStorageServer(state, {
      id,
      callbackUrl,
      labels: detail % 2 === 0 ? undefined : { rack: `r${detail}`, "": "empty key" },
      state: detail % 5 === 0 ? "draining" : "active",
      registeredRevision: isSame ? old.registeredRevision : revision,
      revision,
    });
    return isSame ? next : cluster.putCredentials(next, id, credentials(detail));
  },
  removeServer: (state, pick) => cluster.removeStorageServer(state, serverId(pick)),
  rotateSecret: (state, pick, detail) =>
    state.storageServers.has(serverId(pick))
      ? cluster.putCredentials(state, serverId(pick), credentials(detail))
      : state,
  putProcess: (state, pick, detail) =>
    cluster.putProcess(state, {
      id: processId(pick),
      storageServerId: serverId(detail),
      rNodeId: rNodeId(pick),
      cNodeId: cNodeId(pick),
      dNodeId: detail % 2 === 0 ? undefined : (`d-${pick % 6}` as never),
      weightMilli: 1 + detail,
      state: detail % 4 === 0 ? "draining" : "active",
      revision: cluster.nextRevision(state),
    }),
  removeProcess: (state, pick) => {
    const linkId = state.index.linkByRNode.get(rNodeId(pick));
    const released = linkId === undefined ? state : cluster.releaseLink(state, linkId);
    return cluster.removeProcess(released, processId(pick));
  },
  putLink: (state, pick, detail) =>
    cluster.putLink(state, {
      id: linkId(pick),
      remoteAddress: detail % 3 === 0 ? undefined : `203.0.113.${detail % 3}`,
      remotePort: detail % 4 === 0 ? undefined : detail,
      localAddress: detail % 5 === 0 ? "198.51.100.1" : undefined,
      labels: detail % 7 === 0 ? {} : undefined,
      storageServerId: detail % 6 === 0 ? serverId(detail) : undefined,
      state: detail % 8 === 0 ? "down" : "up",
      revision: cluster.nextRevision(state),
    }),
  removeLink: (state, pick) =>
    cluster.removeLink(cluster.releaseLink(state, linkId(pick)), linkId(pick)),
  assignLink: (state, pick, detail) =>
    state.links.has(linkId(pick)) && !state.index.linkByRNode.has(rNodeId(detail))
      ? cluster.assignLink(state, linkId(pick), rNodeId(detail))
      : state,
  releaseLink: (state, pick) => cluster.releaseLink(state, linkId(pick)),
  // In two revisions where it is made again: in one, rows that both have would be no change.
  makeOrRemoveVolume: (state, pick, detail) => {
    if (state.volumes.has(volumeId(pick))) return cluster.removeVolume(state, volumeId(pick));
    const ranges = stripes(0, 1 + (detail % 24), detail);
    const revision = cluster.nextRevision(state);
    return putMap(state, volumeId(pick), AddressMap.of(ranges), revision);
  },
  paintVolume: (state, pick, detail) => {
    const volume = state.volumes.get(volumeId(pick));
    if (!volume) return state;
    const first = detail % volume.blockCount;
    const end = Math.min(volume.blockCount, first + 1 + (pick % 9));
    const map = volume.map.paint(stripes(first, end, pick + detail));
    return putMap(state, volume.id, map, volume.createdRevision);
  },
  extendVolume: (state, pick, detail) => {
    const volume = state.volumes.get(volumeId(pick));
    if (!volume || volume.blockCount > 40) return state;
    const end = volume.blockCount + 1 + (detail % 5);
    const map = volume.map.extend(stripes(volume.blockCount, end, detail));
    return putMap(state, volume.id, map, volume.createdRevision);
  },
  putSettings: (state, _, detail) =>
    cluster.putSettings(state, {
      replicationCostMicro: detail % 2 === 0 ? undefined : detail,
      revision: cluster.nextRevision(state),
    }),
} satisfies Record<string, Change>;

export const anyHistory: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
    pick: fc.nat(50),
    detail: fc.nat(50),
    newBatch: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30, size: "max" },
);

/** The state that a step is decided to lead to, not yet sealed with a revision. */
export function takeStep(state: ClusterState, { kind, pick, detail }: Step): ClusterState {
  const change: Change = STEPS[kind];
  return change(state, pick, detail);
}

const serverId = (pick: number) => `s-${pick % 3}` as StorageServerId;
const processId = (pick: number) => `p-${pick % 6}` as ProcessId;
const rNodeId = (pick: number) => `r-${pick % 6}` as RNodeId;
const cNodeId = (pick: number) => `c-${pick % 6}` as CNodeId;
const linkId = (pick: number) => `l-${pick % 4}` as LinkId;
const volumeId = (pick: number) => `v-${pick % 3}` as VolumeId;

function credentials(detail: number): Credentials {
  const isRotating = detail % 2 === 0;
  return {
    signingSecret: `${SECRET_MARK}-${detail}`,
    previousSecret: isRotating ? `${SECRET_MARK}-old-${detail}` : undefined,
    previousSecretUntil: isRotating ? detail : undefined,
    tokenSha256: `${SECRET_MARK}-${detail}-token`,
  };
}

/** `first … end − 1` in stripes of changing width and owner. */
function* stripes(first: number, end: number, seed: number): IterableIterator<OwnedRange> {
  let next = first;
  for (let i = 0; next < end; i++) {
    const width = 1 + ((seed + i * 7) % 4);
    const lastLba = Math.min(end, next + width) - 1;
    yield { firstLba: next, lastLba, cNodeId: cNodeId(seed + i * 5) };
    next = lastLba + 1;
  }
}

function putMap(
  state: ClusterState,
  id: VolumeId,
  map: AddressMap,
  createdRevision: number,
): ClusterState {
  const volume: Volume = {
    id,
    blockCount: map.blockCount,
    extentBlocks: EXTENT_BLOCKS,
    createdRevision,
    map,
    revision: cluster.nextRevision(state),
  };
  return cluster.putVolume(state, volume);
}
