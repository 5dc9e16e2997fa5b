/** Look-ups that refuse: what the path names must exist (404), what a body names too (422). */
import { type ClusterState, processOfRNode } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type {
  Link,
  LinkId,
  Process,
  ProcessId,
  RNodeId,
  StorageServer,
  StorageServerId,
  Volume,
  VolumeId,
} from "../model.ts";

export function findStorageServer(state: ClusterState, id: StorageServerId): StorageServer {
  return found(state.storageServers.get(id), `storage server ${id}`);
}

export function findProcess(state: ClusterState, id: ProcessId): Process {
  return found(state.processes.get(id), `process ${id}`);
}

export function findLink(state: ClusterState, id: LinkId): Link {
  return found(state.links.get(id), `link ${id}`);
}

export function findVolume(state: ClusterState, id: VolumeId): Volume {
  return found(state.volumes.get(id), `volume ${id}`);
}

function found<T>(record: T | undefined, name: string): T {
  if (record !== undefined) return record;
  throw new Refusal("not-found", {
    detail: `${name} is not registered`,
    correction: "Check the id, or register it first",
  });
}

export function demandStorageServer(
  state: ClusterState,
  id: StorageServerId,
  path: string,
): StorageServer {
  return named(state.storageServers.get(id), {
    code: "unknown-storage-server",
    name: `storage server ${id}`,
    path,
  });
}

export function demandLink(state: ClusterState, id: LinkId, path: string): Link {
  return named(state.links.get(id), { code: "unknown-link", name: `link ${id}`, path });
}

export function demandProcess(state: ClusterState, id: ProcessId, path: string): Process {
  return named(state.processes.get(id), { code: "unknown-process", name: `process ${id}`, path });
}

export function demandRNodeProcess(state: ClusterState, id: RNodeId, path: string): Process {
  return named(processOfRNode(state, id), { code: "unknown-r-node", name: `R-node ${id}`, path });
}

function named<T>(
  record: T | undefined,
  { code, name, path }: { code: RefusalCode; name: string; path: string },
): T {
  if (record !== undefined) return record;
  const message = `${name} is not registered`;
  throw new Refusal(code, {
    detail: message,
    correction: "Register it first, or correct the id",
    errors: [{ path, message }],
  });
}
