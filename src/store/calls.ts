/** Calls as the store keeps them: those that may be sent again, and what became of each. */
/** So long a call that is sent again is answered again, not done again. */
export const CALLS_ANSWERED_MS = 24 * 60 * 60 * 1000;

/** A write with an Idempotency-Key. Digests are SHA-256 in hex. */
export interface IdempotentCall {
  /** Of who calls what with which key. */
  readonly callSha256: string;
  /** Of what is asked. */
  readonly requestSha256: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface KeptCall extends IdempotentCall {
  readonly revision: number;
  /** Absent: it is durable, but the service ended before it could answer. */
  readonly answer?: KeptAnswer | undefined;
}

export interface KeptAnswer {
  readonly status: number;
  readonly location?: string | undefined;
  readonly etag?: string | undefined;
  /** JSON, without secrets. */
  readonly body?: unknown;
}

/** What became of a call. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** `done`: it needed no revision. */
  readonly outcome: "committed" | "done" | "refused" | "denied";
  /** Absent where it was committed: the answer came after. */
  readonly status?: number | undefined;
  /** Of the problem. */
  readonly code?: string | undefined;
  readonly revision?: number | undefined;
}

export interface AuditRecord extends AuditEntry {
  /** Rises with time. */
  readonly id: number;
}

export interface AuditPage {
  readonly limit: number;
  readonly before?: number | undefined;
  readonly actor?: string | undefined;
  /** Milliseconds since 1970: from this time on. */
  readonly since?: number | undefined;
  /** Before this time. */
  readonly until?: number | undefined;
}
