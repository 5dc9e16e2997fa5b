/** The cluster of a history, and the changes that are committed to it. */
import * as cluster from "../../src/core/cluster-state.ts";
import { startGeneration } from "../../src/core/decisions/generation.ts";
import type { LinkId, StorageServer, StorageServerId, VolumeId } from "../../src/core/model.ts";
import { addNode, give, makeVolume, VOLUME } from "../support/hand-over-cluster.ts";
import type { Random } from "../support/random.ts";

export type Change = (state: cluster.ClusterState) => cluster.ClusterState;

export const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const SECOND = "second" as VolumeId;
/** The volumes that there may be, and their sizes. */
export const BLOCK_COUNTS = new Map([
  [VOLUME, 60],
  [SECOND, 10],
]);

/** Storage servers with a C-node each, and a volume that is spread over them. */
export function firstState(callbacks: ReadonlyMap<string, string>, random: Random): Change {
  const names = [...callbacks.keys()];
  const owners = Array.from({ length: BLOCK_COUNTS.get(VOLUME)! }, () => random.pick(names));
  const servers = [...callbacks].map(([name, url]) => addServer(name, url));
  const steps = [...servers, ...names.map(addNode), makeVolume(owners)];
  return (state) => steps.reduce((next, step) => step(next), state);
}

const addServer =
  (name: string, callbackUrl: string): Change =>
  (state) => {
    const revision = cluster.nextRevision(state);
    const id = name as StorageServerId;
    const server: StorageServer = {
      ...{ id, callbackUrl, state: "active", revision, registeredRevision: revision },
    };
    const credentials = { signingSecret: SECRET, tokenSha256: "" };
    return cluster.putCredentials(cluster.putStorageServer(state, server), id, credentials);
  };

/** Mostly moves of addresses; now and then everything else that servers are told. */
export function randomChange(random: Random, now: number): Change {
  const dice = random.fraction();
  if (dice < 0.72) return move(random);
  if (dice < 0.82) return makeOrRemove(random);
  if (dice < 0.92) return changeLink;
  if (dice < 0.96) return registerAnew(random);
  return (state) => startGeneration(state, now);
}

function move(random: Random): Change {
  const [first, length, dice] = [random.fraction(), random.below(8), random.fraction()];
  return (state) => {
    const { blockCount } = state.volumes.get(VOLUME)!;
    const firstLba = Math.floor(first * blockCount);
    const lastLba = Math.min(blockCount - 1, firstLba + length);
    const servers = [...state.storageServers.keys()];
    return give(servers[Math.floor(dice * servers.length)]!, firstLba, lastLba)(state);
  };
}

function makeOrRemove(random: Random): Change {
  const dice = Array.from({ length: BLOCK_COUNTS.get(SECOND)! }, random.fraction);
  return (state) => {
    if (state.volumes.has(SECOND)) return cluster.removeVolume(state, SECOND);
    const names = [...state.storageServers.keys()];
    const owners = dice.map((fraction) => names[Math.floor(fraction * names.length)]!);
    return makeVolume(owners, SECOND)(state);
  };
}

/** A revision that nobody loses addresses by. */
const changeLink: Change = (state) => {
  const id = "link" as LinkId;
  if (state.linkAssignments.has(id)) return cluster.releaseLink(state, id);
  const rNodeId = [...state.processes.values()][0]!.rNodeId;
  const revision = cluster.nextRevision(state);
  return cluster.assignLink(cluster.putLink(state, { id, state: "up", revision }), id, rNodeId);
};

/** A new registration of a server: what it has acknowledged is forgotten. */
function registerAnew(random: Random): Change {
  const dice = random.fraction();
  return (state) => {
    const servers = [...state.storageServers.values()];
    const server = servers[Math.floor(dice * servers.length)]!;
    const revision = cluster.nextRevision(state);
    const callbackUrl = `${server.callbackUrl!.split("?")[0]}?registration=${revision}`;
    const registered = { ...server, callbackUrl, registeredRevision: revision, revision };
    return cluster.putStorageServer(state, registered);
  };
}

/** Who owns what, in words; of a state or, by `ranges`, of who has received it. */
export function rowsOf(
  ranges: (
    volumeId: VolumeId,
    blockCount: number,
  ) => Iterable<{ firstLba: number; cNodeId: string }>,
): string {
  return [...BLOCK_COUNTS]
    .map(([id, size]) => {
      const rows = [...ranges(id, size)].map(({ firstLba, cNodeId }) => `${firstLba} ${cNodeId}`);
      return `${id}: ${rows.join(", ")}`;
    })
    .join("; ");
}
