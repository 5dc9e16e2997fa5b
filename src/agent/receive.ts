/**
 * What a receiver makes of a message, and how it answers: the table of answers in distribution,
 * seen from the other side. Pure: whoever calls makes the state durable before it answers.
 */
import { formatDigest } from "../core/digest.ts";
import type { StorageServerId } from "../core/model.ts";
import { entriesByVolume, tablesOf, withRows } from "./apply.ts";
import { ContentError } from "./apply-map.ts";
import { pendingAfter, settle } from "./hand-over.ts";
import type { PushAnswer } from "./interface.ts";
import type { DeltaMessage, Message, ReferenceMessage, SnapshotMessage } from "./message.ts";
import type { ReceiverState, Tables } from "./receiver-state.ts";

export interface Received {
  /** The same object where there is nothing to keep. */
  readonly state: ReceiverState;
  readonly answer: PushAnswer;
  /** The snapshot that is to be fetched before anything can be applied. */
  readonly fetch?: ReferenceMessage | undefined;
}

export function receive(state: ReceiverState, message: Message, self: StorageServerId): Received {
  if (state.clusterId !== undefined && message.clusterId !== state.clusterId) {
    const detail = `is of cluster ${message.clusterId}, and this server is of ${state.clusterId}`;
    return { state, answer: rejected(detail) };
  }
  if (message.generation < state.generation) return { state, answer: gap(state, "revision") };
  const sameGeneration = message.generation === state.generation;
  if (message.kind === "settled") {
    const isThere = sameGeneration && message.revision === state.revision;
    if (!isThere) return { state, answer: gap(state, "revision") };
    return unchanged(settle(state, message));
  }
  if (sameGeneration && message.revision <= state.revision && !isRepair(state, message)) {
    return unchanged(settle(state, message));
  }
  switch (message.kind) {
    case "snapshot-ref":
      return { state, answer: { status: 202, body: { status: "accepted" } }, fetch: message };
    case "snapshot":
      return applied(state, message, self);
    case "delta": {
      const follows = sameGeneration && message.fromRevision === state.revision;
      return follows ? applied(state, message, self) : { state, answer: gap(state, "revision") };
    }
  }
}

/** A snapshot of the receiver's own revision with other content than its own is applied. */
function isRepair(state: ReceiverState, message: Message): boolean {
  if (message.kind !== "snapshot" && message.kind !== "snapshot-ref") return false;
  return message.revision === state.revision && message.digest !== formatDigest(state.digest);
}

function applied(
  state: ReceiverState,
  message: SnapshotMessage | DeltaMessage,
  self: StorageServerId,
): Received {
  const tables = tablesAfter(state, message);
  if (typeof tables === "string") return { state, answer: rejected(tables) };
  if (formatDigest(tables.digest) !== message.digest) {
    return { state, answer: gap(state, "digest") };
  }
  const { clusterId, generation, revision } = message;
  const isDelta = message.kind === "delta";
  const passage = {
    ...{ before: state, after: tables, generation, revision, self },
    removedVolumeIds: isDelta ? message.removed.volumeIds : [],
    painted: isDelta ? entriesByVolume(message.a2c) : undefined,
  };
  const next: ReceiverState = {
    ...tables,
    ...{ clusterId, generation, revision },
    settledRevision: generation === state.generation ? state.settledRevision : 0,
    pending: pendingAfter(passage),
  };
  const settled = settle(next, message);
  return { state: settled, answer: has(settled, "applied") };
}

/** Or, in words, why there are none. */
function tablesAfter(
  state: ReceiverState,
  message: SnapshotMessage | DeltaMessage,
): Tables | string {
  try {
    return message.kind === "delta" ? withRows(state, message) : tablesOf(message);
  } catch (error) {
    if (error instanceof ContentError) return error.message;
    throw error;
  }
}

function unchanged(state: ReceiverState): Received {
  return { state, answer: has(state, "unchanged") };
}

function has(state: ReceiverState, status: "applied" | "unchanged"): PushAnswer {
  const { generation, revision, digest } = state;
  return { status: 200, body: { status, generation, revision, digest: formatDigest(digest) } };
}

function gap({ generation, revision }: ReceiverState, reason: "revision" | "digest"): PushAnswer {
  return { status: 409, body: { status: "gap", reason, generation, revision } };
}

/** The answer to content that cannot be. */
export function rejected(detail: string): PushAnswer {
  return { status: 422, body: { status: "rejected", detail } };
}
