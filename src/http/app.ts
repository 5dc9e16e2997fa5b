/** The application: endpoints become guarded routes; every answer leaves in one way. */
import { Readable } from "node:stream";
import helmet from "@fastify/helmet";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { ClusterState } from "../core/cluster-state.ts";
import { type AuthParts, authorise } from "./auth.ts";
import { addDocs, DOCS_CONTENT_POLICY } from "./docs.ts";
import {
  type Answer,
  BODY_LIMIT_BYTES,
  type Endpoint,
  type Method,
  type Role,
} from "./endpoint.ts";
import { namesEntityTag, parseIfMatch } from "./entity-tags.ts";
import { type OpenApiDocument, openApiDocument } from "./openapi.ts";
import { parse } from "./parse.ts";
import { HttpProblem, internalProblem, problemFor } from "./problems.ts";

export interface AppParts extends AuthParts {
  readonly state: () => ClusterState;
  readonly endpoints: readonly Endpoint[];
  readonly logger: FastifyBaseLogger;
  /** HTTPS, so that browsers may be told to insist on it. */
  readonly secure: boolean;
}

const CONNECTION_IDLE_MS = 30_000;
const METHODS: readonly Method[] = ["GET", "PUT", "PATCH", "POST", "DELETE"];

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => {
      stampAnswer(parts, request, reply);
      answerError(reply, error);
    },
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 10_000,
    connectionTimeout: CONNECTION_IDLE_MS,
    keepAliveTimeout: CONNECTION_IDLE_MS,
    http: { headersTimeout: 5_000 },
    routerOptions: { maxParamLength: 500 },
    trustProxy: false,
    forceCloseConnections: "idle",
    return503OnClosing: true,
  });
  app.removeContentTypeParser("text/plain");
  await app.register(helmet, helmetOptions(parts.secure));
  finishAnswers(app, parts);
  await addDocs(app, describe(parts.endpoints));
  for (const endpoint of parts.endpoints) addEndpoint(app, parts, endpoint);
  addMethodRefusals(app, parts);
  return app;
}

export function describe(endpoints: readonly Endpoint[]): OpenApiDocument {
  return openApiDocument(endpoints);
}

function helmetOptions(secure: boolean) {
  return {
    contentSecurityPolicy: { useDefaults: false, directives: DOCS_CONTENT_POLICY.api },
    hsts: secure,
    crossOriginOpenerPolicy: secure,
    originAgentCluster: secure,
  };
}

function addEndpoint(app: FastifyInstance, parts: AppParts, endpoint: Endpoint): void {
  const { method, url, role, bodyLimitBytes } = endpoint;
  app.route({
    method,
    url,
    ...(bodyLimitBytes === undefined ? {} : { bodyLimit: bodyLimitBytes }),
    onRequest: guard(parts, role),
    handler: async (request, reply) => {
      const answer = await endpoint.handle({
        params: parse(endpoint.params, request.params, "path") as never,
        query: parse(endpoint.query, request.query, "query") as never,
        body: parse(endpoint.body, bodyOf(endpoint, request), "body") as never,
        caller: { actor: request.actor, match: parseIfMatch(request.headers["if-match"]) },
        accept: request.headers.accept,
        log: request.log,
        signal: abortedWith(request),
        allowSilence: (durationMs) => {
          request.raw.socket.setTimeout(durationMs + CONNECTION_IDLE_MS);
        },
      });
      return sendAnswer(request, reply, endpoint, answer);
    },
  });
}

/** A body that may be left out counts as an empty object. */
function bodyOf(endpoint: Endpoint, request: FastifyRequest): unknown {
  return endpoint.bodyOptional ? (request.body ?? {}) : request.body;
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint,
  { status, body, contentType, revision, etag, location }: Answer,
): FastifyReply {
  if (revision !== undefined) reply.header("revision", revision);
  if (location !== undefined) reply.header("location", location);
  if (etag !== undefined) {
    reply.header("etag", etag);
    if (endpoint.ifNoneMatch && namesEntityTag(request.headers["if-none-match"], etag)) {
      return reply.code(304).send();
    }
  }
  reply.code(status);
  if (body === undefined) return reply.send();
  const content = typeof body === "function" ? body() : body;
  reply.type(contentType ?? "application/json; charset=utf-8");
  return reply.send(content instanceof Readable ? content : JSON.stringify(content));
}

/** Authorises before a body is read, and remembers who called. */
function guard(parts: AuthParts, role: Role) {
  return async (request: FastifyRequest) => {
    request.actor = authorise(parts, request, role).actor;
  };
}

/** A path that is known by another method is told so. */
function addMethodRefusals(app: FastifyInstance, parts: AppParts): void {
  for (const [url, endpoints] of groupByUrl(parts.endpoints)) {
    const allowed = endpoints.map((endpoint) => endpoint.method);
    const role = endpoints.some((endpoint) => endpoint.role === "open") ? "open" : "viewer";
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url,
      onRequest: guard(parts, role),
      handler: (request) => {
        throw new HttpProblem(
          405,
          "method-not-allowed",
          {
            detail: `${request.method} is not possible on ${request.url}`,
            correction: `Use ${allowed.join(", ")}`,
          },
          { allow: allowed.join(", ") },
        );
      },
    });
  }
}

function groupByUrl(endpoints: readonly Endpoint[]): Map<string, Endpoint[]> {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    groups.set(endpoint.url, [...(groups.get(endpoint.url) ?? []), endpoint]);
  }
  return groups;
}

/** What holds for every answer: the head's revision, no caching, problems in one form, a log line. */
function finishAnswers(app: FastifyInstance, parts: AppParts): void {
  app.decorateRequest("actor", "unknown");
  app.addHook("onSend", async (request, reply) => stampAnswer(parts, request, reply));
  app.addHook("onResponse", async (request, reply) => {
    const { method, url, actor } = request;
    const { statusCode: status, elapsedTime: durationMs } = reply;
    request.log.info(
      { method, url, status, actor, durationMs: Math.round(durationMs) },
      "answered",
    );
  });
  app.setNotFoundHandler({ preHandler: guard(parts, "open") }, (request) => {
    if (isApi(request)) authorise(parts, request, "viewer");
    throw new HttpProblem(404, "no-such-path", {
      detail: `there is nothing at ${request.url}`,
      correction: "See /docs for the paths that exist",
    });
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
}

function stampAnswer(
  { state }: Pick<AppParts, "state">,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (!isApi(request)) return;
  if (!reply.hasHeader("revision")) reply.header("revision", state().revision);
  reply.header("cache-control", "no-store");
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = problemFor(error);
  if (!known) reply.log.error({ err: error }, "request failed by a mistake of the service");
  const problem = known ?? internalProblem();
  if (error instanceof HttpProblem) reply.headers(error.headers);
  if (problem.status === 503) reply.header("retry-after", 1);
  return reply
    .code(problem.status)
    .type("application/problem+json; charset=utf-8")
    .send(JSON.stringify(problem));
}

const isApi = (request: FastifyRequest): boolean => request.url.startsWith("/v1");

function abortedWith(request: FastifyRequest): AbortSignal {
  const controller = new AbortController();
  request.raw.socket.once("close", () => controller.abort());
  return controller.signal;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who makes the request, as the guard found out. */
    actor: string;
  }
}
