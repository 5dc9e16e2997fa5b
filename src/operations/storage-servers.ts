import { findStorageServer } from "../core/decisions/find.ts";
import {
  changeCredentials,
  changeStorageServer,
  deleteStorageServer,
  fenceStorageServer,
  registerStorageServer,
  type StorageServerPatch,
  type StorageServerRegistration,
} from "../core/decisions/storage-servers.ts";
import { Refusal } from "../core/errors.ts";
import type { Credentials, StorageServerId } from "../core/model.ts";
import { commitRecord } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import {
  hashToken,
  makeCredentials,
  makeSecret,
  makeToken,
  SECRET_OVERLAP_MS,
  type ShownCredentials,
} from "./credentials.ts";
import type { Caller, OperationParts } from "./parts.ts";

/** `credentials` only where the server is new: they are shown this once. */
export interface StorageServerRegistered {
  readonly created: boolean;
  readonly credentials?: ShownCredentials | undefined;
}

export async function putStorageServer(
  parts: OperationParts,
  caller: Caller,
  registration: StorageServerRegistration,
): Promise<Committed<StorageServerRegistered>> {
  await admitCallback(parts, registration);
  const { shown, stored } = makeCredentials(parts.randomBytes);
  const committed = await commitRecord(parts, caller, {
    kind: "register-storage-server",
    find: (state) => state.storageServers.get(registration.id),
    decide: (state) => registerStorageServer(state, registration, stored),
  });
  const { created } = committed.answer;
  if (!created) parts.delivery.registeredAgain(registration.id);
  return { ...committed, answer: { created, credentials: created ? shown : undefined } };
}

export async function patchStorageServer(
  parts: OperationParts,
  caller: Caller,
  { id, ...patch }: StorageServerPatch & { id: StorageServerId },
): Promise<Committed<{ created: boolean }>> {
  await admitCallback(parts, { id, callbackUrl: patch.callbackUrl ?? undefined });
  return commitRecord(parts, caller, {
    kind: "change-storage-server",
    find: (state) => state.storageServers.get(id),
    decide: (state) => changeStorageServer(state, id, patch),
  });
}

export function removeStorageServer(
  parts: OperationParts,
  caller: Caller,
  id: StorageServerId,
): Promise<Committed<{ created: boolean }>> {
  return commitRecord(parts, caller, {
    kind: "delete-storage-server",
    find: (state) => state.storageServers.get(id),
    decide: (state) => deleteStorageServer(state, id, parts.delivery.acknowledged(id)),
  });
}

/** An operator has cut the server off: it holds back nothing until it is heard of again. */
export function fence(
  parts: OperationParts,
  caller: Caller,
  id: StorageServerId,
): Promise<Committed<{ created: boolean }>> {
  return commitRecord(parts, caller, {
    kind: "fence-storage-server",
    find: (state) => state.storageServers.get(id),
    decide: (state) => fenceStorageServer(state, id),
  });
}

/** Tries to deliver now, whatever the next attempt was to wait for. */
export async function retry(
  { commits, delivery }: OperationParts,
  id: StorageServerId,
): Promise<void> {
  findStorageServer(commits.state, id);
  const state = delivery.state(id);
  if (state === "gone") {
    throw new Refusal("storage-server-gone", {
      detail: `storage server ${id} has said that it is gone for good`,
      correction: "Register it again, or delete it",
    });
  }
  if (state === "ahead") {
    throw new Refusal("storage-server-ahead", {
      detail: `storage server ${id} has more than the head: the service has lost revisions`,
      correction: "Find out why, then begin a new generation with POST /v1/generation",
    });
  }
  await delivery.retry(id);
}

/** A new signing secret; the old one goes on signing beside it for a day. */
export async function rotateSecret(
  parts: OperationParts,
  caller: Caller,
  id: StorageServerId,
): Promise<Committed<Pick<ShownCredentials, "signingSecret">>> {
  const signingSecret = makeSecret(parts.randomBytes);
  const previousSecretUntil = parts.now() + SECRET_OVERLAP_MS;
  const committed = await rotate(parts, caller, { id, kind: "rotate-secret" }, (current) => ({
    ...current,
    signingSecret,
    previousSecret: current.signingSecret,
    previousSecretUntil,
  }));
  return { ...committed, answer: { signingSecret } };
}

/** A new bearer token; the old one is refused from then on. */
export async function rotateToken(
  parts: OperationParts,
  caller: Caller,
  id: StorageServerId,
): Promise<Committed<Pick<ShownCredentials, "token">>> {
  const token = makeToken(parts.randomBytes);
  const tokenSha256 = hashToken(token);
  const committed = await rotate(parts, caller, { id, kind: "rotate-token" }, (current) => ({
    ...current,
    tokenSha256,
  }));
  return { ...committed, answer: { token } };
}

function rotate(
  parts: OperationParts,
  caller: Caller,
  { id, kind }: { id: StorageServerId; kind: string },
  change: (current: Credentials) => Credentials,
): Promise<Committed<{ created: boolean }>> {
  return commitRecord(parts, caller, {
    kind,
    find: (state) => state.storageServers.get(id),
    decide: (state) => changeCredentials(state, id, change),
  });
}

/** A callback is looked at when it is new; one that stands is checked at every connection anyway. */
export async function admitCallback(
  { commits, callbackPolicy }: OperationParts,
  { id, callbackUrl }: Pick<StorageServerRegistration, "id" | "callbackUrl">,
): Promise<void> {
  if (callbackUrl === undefined) return;
  if (commits.state.storageServers.get(id)?.callbackUrl === callbackUrl) return;
  const admission = await callbackPolicy.admitUrl(callbackUrl);
  if (admission.allowed) return;
  throw new Refusal("callback-not-allowed", {
    detail: `the callback of storage server ${id} is not allowed: ${admission.reason}`,
    correction: "Use an address inside CALLBACK_ALLOW, or let the operator widen it",
    errors: [{ path: "callbackUrl", message: admission.reason }],
  });
}
