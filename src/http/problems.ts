/** The one table from refusals to statuses, and the form in which problems are told (RFC 9457). */
import { STATUS_CODES } from "node:http";
import { type FieldError, Refusal, type RefusalCode, type RefusalFacts } from "../core/errors.ts";
import { StoreError } from "../store/store-error.ts";

export interface Problem extends Partial<RefusalFacts> {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, kebab-case. */
  readonly code: string;
  readonly correction?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
}

const STATUS_OF: Readonly<Record<RefusalCode, number>> = {
  "not-found": 404,
  "link-not-assigned": 404,
  "backup-running": 409,
  "backups-elsewhere": 409,
  "block-count-shrinks": 409,
  "extent-blocks-fixed": 409,
  "link-assigned": 409,
  "link-bound-elsewhere": 409,
  "link-down": 409,
  "node-id-taken": 409,
  "process-draining": 409,
  "process-holds-link": 409,
  "process-in-use": 409,
  "process-owns-addresses": 409,
  "r-node-has-link": 409,
  "plan-expired": 409,
  "rebalance-not-applied": 409,
  "rebalance-rolled-back": 409,
  "restore-conflict": 409,
  "rollback-conflict": 409,
  "servers-unreachable": 409,
  "stale-plan": 409,
  "storage-server-ahead": 409,
  "storage-server-gone": 409,
  "storage-server-in-use": 409,
  "storage-server-unsettled": 409,
  "revision-compacted": 410,
  "snapshot-replaced": 410,
  "precondition-failed": 412,
  "address-space-exceeded": 422,
  "boundary-off-extent": 422,
  "callback-not-allowed": 422,
  "contradicting-assumptions": 422,
  "map-gap": 422,
  "map-outside-volume": 422,
  "map-overlap": 422,
  "map-range-reversed": 422,
  "no-active-processes": 422,
  "not-a-receiver": 422,
  "not-linked": 422,
  "not-unlinked": 422,
  "too-many-moves": 422,
  "unknown-c-node": 422,
  "unknown-link": 422,
  "unknown-process": 422,
  "unknown-r-node": 422,
  "unknown-storage-server": 422,
  "unknown-volume": 422,
  "precondition-required": 428,
  "too-many-pulls": 503,
  "too-many-snapshot-reads": 503,
  "too-many-streams": 503,
};

const MAY_COME_AGAIN: readonly number[] = [429, 503];

/** Of problems that do not pass in a second. */
const RETRY_AFTER_SECONDS: Readonly<Record<string, number>> = {
  "too-many-pulls": 5,
  "too-many-snapshot-reads": 2,
  "too-many-streams": 10,
};

/** How long the caller is asked to wait; absent: waiting changes nothing. */
export function retryAfterSeconds({ code, status }: Problem): number | undefined {
  if (!MAY_COME_AGAIN.includes(status)) return undefined;
  return RETRY_AFTER_SECONDS[code] ?? 1;
}

const STORE_STATUS = { full: 507, unavailable: 503, "outcome-unknown": 503 } as const;

/** A problem that `http` itself finds, before any operation is asked. */
export class HttpProblem extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    details: Pick<Problem, "detail" | "correction" | "errors">,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(details.detail);
    this.problem = problemOf(status, code, details);
    this.headers = headers;
  }
}

export function closing(): HttpProblem {
  const details = { detail: "the service is closing", correction: "Try again when it is back" };
  return new HttpProblem(503, "closing", details, { connection: "close" });
}

export function malformedJson(detail: string): HttpProblem {
  return new HttpProblem(400, "malformed-json", {
    detail,
    correction: "Send well-formed JSON",
    errors: [{ path: "", message: detail }],
  });
}

/** Keys that would reach into the prototypes of objects, wherever they stand. */
export function forbiddenKey(): HttpProblem {
  const detail = "no object may have a key __proto__, or constructor with a key prototype";
  return new HttpProblem(400, "invalid-request", {
    detail,
    correction: "Leave that key out",
    errors: [{ path: "", message: detail }],
  });
}

export function bodyTooLarge(): HttpProblem {
  const details = { detail: "Request body is too large", correction: "Send less at once" };
  // What else the client sends is not read.
  return new HttpProblem(413, "body-too-large", details, { connection: "close" });
}

/** The problem that an error is told as. `undefined`: a mistake of ours, told without details. */
export function problemFor(error: unknown): Problem | undefined {
  if (error instanceof HttpProblem) return error.problem;
  if (error instanceof Refusal) {
    const { code, message: detail, correction, errors, facts } = error;
    return { ...problemOf(STATUS_OF[code], code, { detail, correction, errors }), ...facts };
  }
  if (error instanceof StoreError) {
    return problemOf(STORE_STATUS[error.reason], `store-${error.reason}`, {
      detail: error.message,
      correction:
        error.reason === "full"
          ? "Make room on the service's disk, then try again: nothing has changed"
          : "Read the present state before you try again",
    });
  }
  return fastifyProblem(error);
}

export const internalProblem = (): Problem =>
  problemOf(500, "internal-error", {
    detail: "the service made a mistake; its log has the details",
  });

/** What Fastify refuses before a handler runs, by its error codes. */
function fastifyProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const detail = error.message;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return bodyTooLarge().problem;
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return problemOf(415, "unsupported-media-type", {
        detail,
        correction: "Send application/json",
      });
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return malformedJson(detail).problem;
    case "Z_BUF_ERROR":
    case "Z_DATA_ERROR":
      return problemOf(400, "malformed-gzip", {
        detail: `the body cannot be decompressed: ${detail}`,
        correction: "Send what gzip has made, whole",
      });
    case "ECONNRESET":
      return problemOf(400, "body-incomplete", {
        detail: "the client went away before the body had ended",
        correction: "Send it again",
      });
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_PARAM_LENGTH":
      return problemOf(400, "malformed-url", { detail, correction: "Correct the path" });
    default:
      return undefined;
  }
}

function problemOf(
  status: number,
  code: string,
  { detail, correction, errors }: Pick<Problem, "detail" | "correction" | "errors">,
): Problem {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: `urn:evenkeel:problem:${code}`, title, status, detail, code, correction, errors };
}
