/** The OpenAPI 3.1 document, made from the endpoints alone. */
import type { z } from "zod";
import { MAX_ADDRESS_COUNT } from "../core/model.ts";
import { type Endpoint, KIB, MIB, TABLE_BODY_LIMIT_BYTES } from "./endpoint.ts";
import { responses, SHARED_HEADERS } from "./openapi-answers.ts";
import { Components, type Json } from "./openapi-components.ts";

export type OpenApiDocument = Readonly<Record<string, unknown>>;

const INTRODUCTION = `Evenkeel keeps the authoritative A2C table (address ranges → C-nodes) and the
IP-link assignment table of a storage cluster, rebalances them, and pushes every new version to the
storage servers.

Every \`/v1\` answer carries the header \`Revision\`. Table and volume reads carry an \`ETag\` and honour
\`If-None-Match\`; writes take \`If-Match\`. Errors are \`application/problem+json\` with a stable \`code\`,
a \`correction\` and the path of each bad field. Bodies may be sent with \`Content-Encoding: gzip\`; limits hold
for what they are decompressed to.`;

const TAGS: Readonly<Record<string, string>> = {
  Topology: "Storage servers, processes, links and volumes",
  Tables: "The A2C table, the link assignments and their revisions",
  Rebalancing: "Moving addresses away from linked processes",
  Distribution:
    "What storage servers are sent and say, and what to do about those that do not follow",
  Service: "The service itself",
};

/** Not a service for the public: its callers are the cluster's own scripts and storage servers. */
const SERVER = "The service that serves this document, in production as on a local machine";

/** One or several, or any. */
const ENTITY_TAGS = '^(\\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$';
/** Node takes no more of all headers together. */
const HEADERS_BYTES_MAX = 16 * KIB;

const MIN_REVISION: Json = { $ref: "#/components/parameters/MinRevision" };
const SHARED_PARAMETERS: Json = {
  MinRevision: {
    name: "Min-Revision",
    in: "header",
    required: false,
    description:
      "The call is answered only when this revision is known, whichever replica has made it; 503 " +
      "where that takes too long",
    schema: { type: "integer", format: "int64", minimum: 0, maximum: MAX_ADDRESS_COUNT },
  },
};

export function openApiDocument(endpoints: readonly Endpoint[]): OpenApiDocument {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.url.replace(/:(\w+)/g, "{$1}");
    const described = { [endpoint.method.toLowerCase()]: operation(endpoint, components) };
    paths[path] = { ...paths[path], ...described };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Evenkeel",
      version: "1",
      description: INTRODUCTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: SERVER, "x-internal": true }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.schemas(),
      parameters: SHARED_PARAMETERS,
      headers: SHARED_HEADERS,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A token of TOKENS_FILE" },
      },
    },
  };
}

function operation(endpoint: Endpoint, components: Components): Json {
  const { method, url, tag, summary, description, role } = endpoint;
  const access = role === "open" ? "Open to everybody." : `Needs the role \`${role}\`.`;
  return {
    tags: [tag],
    operationId: operationId(method, url),
    summary,
    description: `${description}\n\n${access}`,
    security: role === "open" ? [] : [{ bearer: [] }],
    parameters: parameters(endpoint, components),
    ...requestBody(endpoint, components),
    responses: responses(endpoint, components),
  };
}

/** `PUT /v1/a2c/:volumeId` is `putA2cByVolumeId`. */
function operationId(method: string, url: string): string {
  const words = url
    .replace(/^\/v1/, "")
    .replace(/:(\w+)/g, "by-$1")
    .split(/[/-]/)
    .filter((word) => word !== "");
  return (
    method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("")
  );
}

function parameters(endpoint: Endpoint, components: Components): Json[] {
  const { url, params, query, ifMatch, ifNoneMatch, resumable } = endpoint;
  const header = (name: string, required: boolean, description: string): Json => ({
    name,
    in: "header",
    required,
    description,
    schema: { type: "string", pattern: ENTITY_TAGS, maxLength: HEADERS_BYTES_MAX },
    // Swagger UI sends the example of a parameter, so what is optional has none.
    ...(required ? { example: '"1.42"' } : {}),
  });
  return [
    ...fieldsOf(params, "path", components),
    ...fieldsOf(query, "query", components),
    ...(url.startsWith("/v1") ? [MIN_REVISION] : []),
    ...(ifMatch
      ? [
          header(
            "If-Match",
            ifMatch === "required",
            'The ETag of the version to change, as `"1.42"`',
          ),
        ]
      : []),
    ...(endpoint.method === "GET"
      ? []
      : [
          header(
            "Idempotency-Key",
            false,
            "Any text of the caller's choice: the same write sent again with it within 24 hours is " +
              "answered again, not done again",
          ),
        ]),
    ...(ifNoneMatch
      ? [header("If-None-Match", false, 'The ETag of the version at hand, as `"1.42"`')]
      : []),
    ...(resumable
      ? [header("Last-Event-ID", false, "The id of the last event that was heard, as `1.42`")]
      : []),
  ];
}

function fieldsOf(
  schema: z.ZodObject | undefined,
  place: "path" | "query",
  components: Components,
): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, example, pattern, ...rest } = components.inline(field as z.ZodType);
    // A number in a query is text by nature; its pattern says nothing that its type does not.
    const kept = rest.type === "integer" ? rest : { ...rest, ...(pattern ? { pattern } : {}) };
    const required = !(field as z.ZodType).safeParse(undefined).success;
    const shown = required ? { example } : {};
    return { name, in: place, required, description, schema: kept, ...shown };
  });
}

function requestBody(endpoint: Endpoint, components: Components): Json {
  const { body, bodyExample, bodyOptional, bodyLimitBytes } = endpoint;
  if (!body) return {};
  const limit =
    bodyLimitBytes === TABLE_BODY_LIMIT_BYTES
      ? `${TABLE_BODY_LIMIT_BYTES / MIB} MiB`
      : `${(bodyLimitBytes ?? 64 * KIB) / KIB} KiB`;
  return {
    requestBody: {
      description: `At most ${limit}.`,
      required: !bodyOptional,
      content: {
        "application/json": { schema: components.schema(body, "input"), example: bodyExample },
      },
    },
  };
}
