/** The cluster of a random history, and the changes that are committed to it. */
import * as cluster from "../../src/core/cluster-state.ts";
import { startGeneration } from "../../src/core/decisions/generation.ts";
import type { LinkId, StorageServer, StorageServerId, VolumeId } from "../../src/core/model.ts";
import { addNode, give, makeVolume } from "../support/hand-over-cluster.ts";
import type { Random } from "../support/random.ts";

type Change = (state: cluster.ClusterState) => cluster.ClusterState;

const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const BLOCKS_MAX = 8;

/** Three or four storage servers with a C-node each, and a volume. */
export function firstState(random: Random): Change {
  const names = ["a", "b", "c", "d"].slice(0, 3 + random.below(2));
  const owners = Array.from({ length: 1 + random.below(BLOCKS_MAX) }, () => random.pick(names));
  const steps = [...names.map(addServer), ...names.map(addNode), makeVolume(owners)];
  return (state) => steps.reduce((next, step) => step(next), state);
}

const addServer =
  (name: string): Change =>
  (state) => {
    const revision = cluster.nextRevision(state);
    const id = name as StorageServerId;
    const server: StorageServer = {
      ...{ id, callbackUrl: "http://127.0.0.1:9001/", state: "active", revision },
      registeredRevision: revision,
    };
    const credentials = { signingSecret: SECRET, tokenSha256: "" };
    return cluster.putCredentials(cluster.putStorageServer(state, server), id, credentials);
  };

/** Mostly moves of addresses; now and then everything else that servers are told. */
export function randomChange(random: Random): Change {
  const dice = random.fraction();
  if (dice < 0.75) return move(random);
  if (dice < 0.82) return makeOrRemove(random);
  if (dice < 0.88) return changeLink;
  if (dice < 0.93) return changeCallback(random);
  if (dice < 0.97) return (state) => startGeneration(state, 0);
  return (state) => state;
}

/** Half of them of one address, so that it goes to and fro while messages are under way. */
function move(random: Random): Change {
  return (state) => {
    const volume = random.pick([...state.volumes.values()]);
    const hot = random.chance(0.5);
    const firstLba = hot ? 0 : random.below(volume.blockCount);
    const lastLba = hot ? 0 : firstLba + random.below(volume.blockCount - firstLba);
    const server = random.pick([...state.storageServers.keys()]);
    return give(server, firstLba, lastLba, volume.id)(state);
  };
}

function makeOrRemove(random: Random): Change {
  return (state) => {
    const id = "second" as VolumeId;
    if (state.volumes.has(id)) return cluster.removeVolume(state, id);
    const names = [...state.storageServers.keys()];
    const owners = Array.from({ length: 1 + random.below(4) }, () => random.pick(names));
    return makeVolume(owners, id)(state);
  };
}

/** A revision that nobody loses addresses by. */
const changeLink: Change = (state) => {
  const id = "link" as LinkId;
  const revision = cluster.nextRevision(state);
  if (state.linkAssignments.has(id)) return cluster.releaseLink(state, id);
  const rNodeId = [...state.processes.values()][0]!.rNodeId;
  return cluster.assignLink(cluster.putLink(state, { id, state: "up", revision }), id, rNodeId);
};

/** A new registration of a server: what it has acknowledged is forgotten. */
function changeCallback(random: Random): Change {
  return (state) => {
    const server = random.pick([...state.storageServers.values()]);
    const revision = cluster.nextRevision(state);
    const callbackUrl = `http://127.0.0.1:9001/${revision}`;
    const registered = { ...server, callbackUrl, registeredRevision: revision, revision };
    return cluster.putStorageServer(state, registered);
  };
}
