/** The answers of the document: those that a call names, and the problems that follow from what it is. */
import { MAX_ADDRESS_COUNT } from "../core/model.ts";
import type { AnswerDescription, Endpoint } from "./endpoint.ts";
import type { Components, Json } from "./openapi-components.ts";
import { problemSchema } from "./schemas/common.ts";

export function responses(endpoint: Endpoint, components: Components): Json {
  const all: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(endpoint.answers)) {
    all[status] = success(answer, endpoint, components);
  }
  if (endpoint.ifNoneMatch) {
    all["304"] = { description: "Not modified", headers: headersOf(endpoint, ["ETag"]) };
  }
  for (const status of problemStatuses(endpoint))
    all[status] ??= problem(status, endpoint, components);
  return all;
}

function success(answer: AnswerDescription, endpoint: Endpoint, components: Components): Json {
  const { description, schema, example, contentType, alsoAs, location } = answer;
  const headers = headersOf(endpoint, [
    ...(endpoint.tagged || endpoint.ifNoneMatch ? ["ETag"] : []),
    ...(location ? ["Location"] : []),
  ]);
  if (!schema) return { description, headers };
  const described = components.schema(schema, "output");
  // A stream of texts is a text itself; the schema is of what stands in it.
  const content: Json = contentType
    ? { [contentType]: { schema: { type: "string", contentSchema: described }, example } }
    : { "application/json": { schema: described, example } };
  if (alsoAs) {
    content[alsoAs.contentType] = { schema: { type: "string" }, example: alsoAs.example };
  }
  return { description, headers, content };
}

function problem(status: number, endpoint: Endpoint, components: Components): Json {
  return {
    description: PROBLEMS[status]!,
    headers: headersOf(endpoint, status === 429 || status === 503 ? ["Retry-After"] : []),
    content: {
      "application/problem+json": {
        schema: components.schema(problemSchema, "output"),
        example: problemExample(status),
      },
    },
  };
}

/** Those that every answer may have stand in the document once. */
export const SHARED_HEADERS: Json = {
  RevisionAge: {
    description:
      "Seconds; only where the store is out of reach: what is read is from memory, and as old as that",
    schema: { type: "integer", format: "int32", minimum: 0, maximum: 2_147_483_647 },
    example: 12,
  },
};

const HEADERS: Readonly<Record<string, Json>> = {
  Revision: {
    description: "The store's head; for a write the revision it took",
    schema: { type: "integer", format: "int64", minimum: 0, maximum: MAX_ADDRESS_COUNT },
    example: 42,
  },
  "Revision-Age": { $ref: "#/components/headers/RevisionAge" },
  ETag: {
    description: "`<generation>.<revision>`",
    schema: { type: "string", pattern: '^"\\d+\\.\\d+"$', maxLength: 35 },
    example: '"1.42"',
  },
  Location: {
    description: "The path of what is new",
    schema: { type: "string", format: "uri-reference", maxLength: 256 },
    example: "/v1/rebalances/rb-20261122T101530123Z-9f86d0",
  },
  "Retry-After": {
    description: "Seconds",
    schema: { type: "integer", format: "int32", minimum: 0, maximum: 3600 },
    example: 1,
  },
};

function headersOf({ url }: Endpoint, more: readonly string[]): Json {
  const names = url.startsWith("/v1") ? ["Revision", "Revision-Age", ...more] : more;
  return Object.fromEntries(names.map((name) => [name, HEADERS[name]]));
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: "Malformed: a field is missing, unknown or of the wrong type",
  401: "No valid token",
  403: "The token's role may not do this",
  404: "Not found",
  408: "The body came too slowly",
  409: "In conflict with the present state",
  410: "No longer kept",
  412: "Stale: If-Match does not name the present version",
  413: "The body is too large",
  415: "The body is not JSON, or compressed otherwise than with gzip",
  422: "Well-formed, but breaks an invariant or names what doesn't exist",
  428: "If-Match is missing",
  429: "Too much at once; see Retry-After",
  500: "A mistake of the service",
  503: "It cannot be served now; see Retry-After",
  507: "The disk is full",
};

/** The statuses that follow from what the call is, and its own. */
function problemStatuses(endpoint: Endpoint): number[] {
  const { method, role, ifMatch, problems = [] } = endpoint;
  if (role === "open") return [...problems];
  return [
    ...[400, 401, 403, 429, 500, 503],
    ...problems,
    ...(ifMatch ? [412] : []),
    ...(ifMatch === "required" ? [428] : []),
    // 409 and 422: an Idempotency-Key that is in use, or was used for another request.
    ...(method === "GET" ? [] : [408, 409, 413, 415, 422, 507]),
  ].sort((a, b) => a - b);
}

function problemExample(status: number): Json {
  const code = `example-${status}`;
  return {
    type: `urn:evenkeel:problem:${code}`,
    title: PROBLEMS[status]!.split(/[:;]/)[0],
    status,
    detail: PROBLEMS[status],
    code,
  };
}
