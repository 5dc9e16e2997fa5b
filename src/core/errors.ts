/**
 * Failures come in three kinds. An expected outcome is a value of a closed union. A caller's
 * mistake is a `Refusal` with a stable code; `http` alone knows which status it means. A mistake
 * of ours hits `invariant` and ends the request, or the process.
 */

/** One bad place in a request: `path` in the form `processes[3].weight`, "" for the whole body. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface RefusalDetails {
  /** What is wrong, naming the offending value. */
  readonly detail: string;
  /** What the caller can do about it. */
  readonly correction?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  /** What else there is to know, for programs. */
  readonly facts?: Partial<RefusalFacts> | undefined;
}

/** How a plan stands to the state of today. */
export interface RefusalFacts {
  /** What the plan had read and is otherwise now; the first hundred. */
  readonly changes: readonly { readonly code: string; readonly detail: string }[];
  readonly changeCount: number;
  /** The same request, planned now. */
  readonly replanned: Replanned;
}

export interface Replanned {
  readonly sameMoves: boolean;
  /** Absent where the request can't be planned any more. */
  readonly movedAddresses?: number | undefined;
}

/** A request that cannot be carried out as it stands; nothing has changed. `code` is kebab-case. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly correction: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly facts: Partial<RefusalFacts> | undefined;

  constructor(code: RefusalCode, { detail, correction, errors, facts }: RefusalDetails) {
    super(detail);
    this.code = code;
    this.correction = correction;
    this.errors = errors;
    this.facts = facts;
  }

  /** The same refusal with more to know. */
  withFacts(facts: Partial<RefusalFacts>): Refusal {
    const { code, message: detail, correction, errors } = this;
    return new Refusal(code, { detail, correction, errors, facts: { ...this.facts, ...facts } });
  }

  /** The same refusal with its field paths put under `prefix`, for items of a larger request. */
  under(prefix: string): Refusal {
    const errors = (this.errors ?? [{ path: "", message: this.message }]).map((error) => ({
      path: error.path === "" ? prefix : `${prefix}.${error.path}`,
      message: error.message,
    }));
    return new Refusal(this.code, { detail: this.message, correction: this.correction, errors });
  }
}

/** Every code that the core and the operations refuse with. */
export type RefusalCode =
  | "address-space-exceeded"
  | "backup-running"
  | "backups-elsewhere"
  | "block-count-shrinks"
  | "boundary-off-extent"
  | "callback-not-allowed"
  | "contradicting-assumptions"
  | "extent-blocks-fixed"
  | "link-assigned"
  | "link-bound-elsewhere"
  | "link-down"
  | "link-not-assigned"
  | "map-gap"
  | "map-outside-volume"
  | "map-overlap"
  | "map-range-reversed"
  | "no-active-processes"
  | "node-id-taken"
  | "not-a-receiver"
  | "not-linked"
  | "not-unlinked"
  | "plan-expired"
  | "precondition-failed"
  | "precondition-required"
  | "process-draining"
  | "process-holds-link"
  | "process-in-use"
  | "process-owns-addresses"
  | "r-node-has-link"
  | "rebalance-not-applied"
  | "rebalance-rolled-back"
  | "restore-conflict"
  | "revision-compacted"
  | "rollback-conflict"
  | "servers-unreachable"
  | "snapshot-replaced"
  | "stale-plan"
  | "storage-server-ahead"
  | "storage-server-gone"
  | "storage-server-in-use"
  | "storage-server-unsettled"
  | "too-many-moves"
  | "too-many-pulls"
  | "too-many-snapshot-reads"
  | "too-many-streams"
  | "unknown-c-node"
  | "unknown-link"
  | "unknown-process"
  | "unknown-r-node"
  | "unknown-storage-server"
  | "unknown-volume"
  | "not-found";

/** Asserts what only a mistake of ours can break. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
