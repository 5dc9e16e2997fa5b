/** The OpenAPI 3.1 document, made from the endpoints alone. */
import { z } from "zod";
import {
  type AnswerDescription,
  type Endpoint,
  KIB,
  MIB,
  TABLE_BODY_LIMIT_BYTES,
} from "./endpoint.ts";
import { problemSchema } from "./schemas/common.ts";

export type OpenApiDocument = Readonly<Record<string, unknown>>;
type Json = Record<string, unknown>;

const INTRODUCTION = `Evenkeel keeps the authoritative A2C table (address ranges → C-nodes) and the
IP-link assignment table of a storage cluster, rebalances them, and pushes every new version to the
storage servers.

Every \`/v1\` answer carries the header \`Revision\`. Table and volume reads carry an \`ETag\` and honour
\`If-None-Match\`; writes take \`If-Match\`. Errors are \`application/problem+json\` with a stable \`code\`,
a \`correction\` and the path of each bad field.`;

const TAGS: Readonly<Record<string, string>> = {
  Topology: "Storage servers, processes, links and volumes",
  Tables: "The A2C table, the link assignments and their revisions",
  Rebalancing: "Moving addresses away from linked processes",
  Service: "The service itself",
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
    servers: [{ url: "/", description: "This service" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.schemas(),
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
  const { params, query, ifMatch, ifNoneMatch } = endpoint;
  const header = (name: string, required: boolean, description: string): Json => ({
    name,
    in: "header",
    required,
    description,
    schema: { type: "string" },
    // Swagger UI sends the example of a parameter, so what is optional has none.
    ...(required ? { example: '"1.42"' } : {}),
  });
  return [
    ...fieldsOf(params, "path", components),
    ...fieldsOf(query, "query", components),
    ...(ifMatch
      ? [
          header(
            "If-Match",
            ifMatch === "required",
            'The ETag of the version to change, as `"1.42"`',
          ),
        ]
      : []),
    ...(ifNoneMatch
      ? [header("If-None-Match", false, 'The ETag of the version at hand, as `"1.42"`')]
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

function responses(endpoint: Endpoint, components: Components): Json {
  const all: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(endpoint.answers)) {
    all[status] = response(answer, endpoint, components);
  }
  if (endpoint.ifNoneMatch)
    all["304"] = { description: "Not modified", headers: headersOf(endpoint) };
  for (const status of problemStatuses(endpoint)) {
    all[status] ??= {
      description: PROBLEMS[status]!,
      headers: headersOf({ ...endpoint, ifNoneMatch: false, method: "GET" }),
      content: {
        "application/problem+json": {
          schema: components.schema(problemSchema, "output"),
          example: problemExample(status),
        },
      },
    };
  }
  return all;
}

function response(answer: AnswerDescription, endpoint: Endpoint, components: Components): Json {
  const { description, schema, example, alsoAs } = answer;
  const headers = headersOf(endpoint);
  if (!schema) return { description, headers };
  const content: Json = {
    "application/json": { schema: components.schema(schema, "output"), example },
  };
  if (alsoAs) {
    content[alsoAs.contentType] = { schema: { type: "string" }, example: alsoAs.example };
  }
  return { description, headers, content };
}

function headersOf({ url, ifNoneMatch }: Pick<Endpoint, "url" | "ifNoneMatch" | "method">): Json {
  if (!url.startsWith("/v1")) return {};
  const revision = {
    description: "The store's head; for a write the revision it took",
    schema: { type: "integer", minimum: 0 },
    example: 42,
  };
  if (!ifNoneMatch) return { Revision: revision };
  const etag = { description: "`<generation>.<revision>`", schema: { type: "string" } };
  return { Revision: revision, ETag: { ...etag, example: '"1.42"' } };
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: "Malformed: a field is missing, unknown or of the wrong type",
  401: "No valid token",
  403: "The token's role may not do this",
  404: "Not found",
  409: "In conflict with the present state",
  412: "Stale: If-Match does not name the present version",
  413: "The body is too large",
  415: "The body is not JSON",
  422: "Well-formed, but breaks an invariant or names what doesn't exist",
  428: "If-Match is missing",
  500: "A mistake of the service",
  503: "The store cannot take it now; see Retry-After",
  507: "The disk is full",
};

/** The statuses that follow from what the call is, and its own. */
function problemStatuses(endpoint: Endpoint): number[] {
  const { method, role, params, query, body, ifMatch, problems = [] } = endpoint;
  const write = method !== "GET";
  return [
    ...(params || query || body ? [400] : []),
    ...(role === "open" ? [] : [401, 403]),
    ...problems,
    ...(ifMatch ? [412] : []),
    ...(ifMatch === "required" ? [428] : []),
    ...(body ? [413, 415] : []),
    ...(role === "open" ? [] : [500]),
    ...(write ? [503, 507] : []),
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

/** Named schemas, gathered once each; everything else stands where it is used. */
class Components {
  readonly #schemas = new Map<string, Json>();

  schema(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io }) as Json;
    for (const [name, definition] of Object.entries($defs as Record<string, Json>)) {
      const { id: _id, ...content } = definition;
      this.#schemas.set(name, tidy(content, io) as Json);
    }
    return tidy(json, io) as Json;
  }

  inline(schema: z.ZodType): Json {
    return this.schema(schema, "input");
  }

  schemas(): Record<string, Json> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** References point into the document; answers may gain fields, so they don't forbid others. */
function tidy(value: unknown, io: "input" | "output"): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, io));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, content]) => !(io === "output" && key === "additionalProperties" && content === false),
  );
  return Object.fromEntries(
    entries.map(([key, content]) =>
      key === "$ref" && typeof content === "string"
        ? [key, content.replace("#/$defs/", "#/components/schemas/")]
        : [key, tidy(content, io)],
    ),
  );
}
