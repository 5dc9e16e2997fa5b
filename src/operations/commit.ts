/** The two forms of a write: of one record with a version of its own, and of whole tables. */
import type { ClusterState } from "../core/cluster-state.ts";
import {
  demandMatch,
  recordRevisions,
  requireMatch,
  type ValidRevisions,
} from "../core/decisions/precondition.ts";
import type { Command, Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";

/** Submits what a caller wants done, and tells his call that it has taken a revision. */
export async function submit<T>(
  { commits }: Pick<OperationParts, "commits">,
  { actor, call, idempotent }: Caller,
  command: Omit<Command<T>, "actor" | "call" | "idempotent">,
): Promise<Committed<T>> {
  const told = call && { method: call.method, path: call.path };
  const kept = await idempotent?.();
  const committed = await commits.submit({ ...command, actor, call: told, idempotent: kept });
  if (committed.changed) call?.onCommitted();
  return committed;
}

interface RecordCommand<T> {
  readonly kind: string;
  readonly find: (state: ClusterState) => T | undefined;
  readonly decide: (state: ClusterState) => ClusterState;
  /** Which revisions still name the record; by default its own last change alone. */
  readonly valid?: (state: ClusterState, record: T) => ValidRevisions;
  /** The caller must say which version the write was made from. */
  readonly versionNeeded?: boolean;
}

/** Commits the change where the caller's version is the present one; tells whether it is new. */
export function commitRecord<T extends { readonly revision: number }>(
  parts: OperationParts,
  caller: Caller,
  command: RecordCommand<T>,
): Promise<Committed<{ created: boolean }>> {
  const { kind, find, decide, valid = (_, record) => recordRevisions(record) } = command;
  const { match } = caller;
  const check = command.versionNeeded ? demandMatch : requireMatch;
  return submit(parts, caller, {
    kind,
    decide: (state) => {
      const existing = find(state);
      if (existing) check(state, match, valid(state, existing));
      const next = decide(state);
      // Only a registration comes this far without a record, and a version of nothing is stale.
      if (!existing) requireMatch(state, match, undefined);
      return { state: next, answer: { created: !existing } };
    },
  });
}

interface TableCommand<T> {
  readonly kind: string;
  readonly reason?: string | undefined;
  /** Which revisions still name what the write was made from. */
  readonly valid: (state: ClusterState) => ValidRevisions;
  readonly versionNeeded?: boolean;
  readonly decide: Command<T>["decide"];
}

/** Commits a change that is not of one record. */
export function commitTable<T>(
  parts: OperationParts,
  caller: Caller,
  { kind, reason, valid, versionNeeded, decide }: TableCommand<T>,
): Promise<Committed<T>> {
  const check = versionNeeded ? demandMatch : requireMatch;
  return submit(parts, caller, {
    kind,
    reason,
    decide: (state, at) => {
      check(state, caller.match, valid(state));
      return decide(state, at);
    },
  });
}
