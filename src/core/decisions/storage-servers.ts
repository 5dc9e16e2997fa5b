import {
  type ClusterState,
  nextRevision,
  putCredentials,
  putStorageServer,
  removeStorageServer,
} from "../cluster-state.ts";
import type { Position } from "../delivery-record.ts";
import type {
  Credentials,
  Labels,
  ServiceState,
  StorageServer,
  StorageServerId,
} from "../model.ts";
import { findStorageServer } from "./find.ts";
import { refuseHeldBack, serverUsers, whatHoldsStorageServer } from "./holdbacks.ts";
import { merge } from "./merge.ts";

export interface StorageServerRegistration {
  readonly id: StorageServerId;
  readonly callbackUrl?: string | undefined;
  readonly labels?: Labels | undefined;
}

export interface StorageServerPatch {
  readonly callbackUrl?: string | null | undefined;
  readonly labels?: Labels | null | undefined;
  readonly state?: ServiceState | undefined;
}

/** Registers a server with `credentials`, or changes one that stands and keeps its own. */
export function registerStorageServer(
  state: ClusterState,
  { id, callbackUrl, labels }: StorageServerRegistration,
  credentials: Credentials,
): ClusterState {
  if (state.storageServers.has(id)) return changeStorageServer(state, id, { callbackUrl, labels });
  const revision = nextRevision(state);
  const server: StorageServer = {
    id,
    callbackUrl,
    labels,
    state: "active",
    registeredRevision: revision,
    revision,
  };
  return putCredentials(putStorageServer(state, server), id, credentials);
}

/** A changed callback starts a new registration (distribution, rule 7). */
export function changeStorageServer(
  state: ClusterState,
  id: StorageServerId,
  patch: StorageServerPatch,
): ClusterState {
  const server = findStorageServer(state, id);
  const changed = merge<StorageServer>(server, patch);
  if (changed === server) return state;
  const revision = nextRevision(state);
  const registeredRevision =
    changed.callbackUrl === server.callbackUrl ? server.registeredRevision : revision;
  return putStorageServer(state, { ...changed, registeredRevision, revision });
}

/** Refused while somebody uses the server, and while it may still serve what it has lost. */
export function deleteStorageServer(
  state: ClusterState,
  id: StorageServerId,
  acknowledged: Position | undefined,
): ClusterState {
  const server = findStorageServer(state, id);
  const users = serverUsers(state);
  refuseHeldBack(whatHoldsStorageServer(state, server, { users, acknowledged }));
  return removeStorageServer(state, id);
}

/**
 * A server that an operator has really cut off: what it had acknowledged is forgotten with its
 * registration, and it holds nothing back until it is heard of again.
 */
export function fenceStorageServer(state: ClusterState, id: StorageServerId): ClusterState {
  const server = findStorageServer(state, id);
  const revision = nextRevision(state);
  const fenced = { ...server, registeredRevision: revision, fencedRevision: revision, revision };
  return {
    ...putStorageServer(state, fenced),
    lostRevisions: state.lostRevisions.without(id),
  };
}

/** New credentials in place of the old; the record takes the revision, the secret has no history. */
export function changeCredentials(
  state: ClusterState,
  id: StorageServerId,
  change: (current: Credentials) => Credentials,
): ClusterState {
  const server = findStorageServer(state, id);
  const current = state.credentials.get(id)!;
  const touched = putStorageServer(state, { ...server, revision: nextRevision(state) });
  return putCredentials(touched, id, change(current));
}
