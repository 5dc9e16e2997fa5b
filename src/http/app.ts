/** The application: endpoints become guarded routes; every answer leaves in one way. */
import type { TlsOptions } from "node:tls";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { type AuditParts, auditCalls } from "./audit-calls.ts";
import type { AuthParts } from "./auth.ts";
import { digestBodies } from "./body-digest.ts";
import { decodeBodies } from "./body-encoding.ts";
import { parseJsonBodies, passJsonBodies } from "./body-parsers.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { addDocs } from "./docs.ts";
import { BODY_LIMIT_BYTES, CONNECTION_IDLE_MS, type Endpoint } from "./endpoint.ts";
import {
  answerError,
  type FinishParts,
  finishAnswers,
  stampAnswer,
  unknownAnswer,
} from "./finish.ts";
import { addMethodRefusals, guardRoutes } from "./guard.ts";
import { Idempotency, type IdempotencyParts } from "./idempotency.ts";
import { type MinRevisionParts, waitForRevisions } from "./min-revision.ts";
import { openApiDocument } from "./openapi.ts";
import { addEndpoint } from "./route.ts";

export interface AppParts
  extends AuthParts,
    FinishParts,
    AuditParts,
    IdempotencyParts,
    MinRevisionParts {
  readonly endpoints: readonly Endpoint[];
  readonly logger: FastifyBaseLogger;
}

export type App = FastifyInstance;

/** A table of 128 MiB is received no faster than it is parsed, which takes a busy machine a while. */
const REQUEST_TIMEOUT_MS = 60_000;

export async function buildApp(parts: AppParts): Promise<App> {
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => {
      stampAnswer(parts, request, reply);
      answerError(reply, error);
    },
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_IDLE_MS,
    keepAliveTimeout: CONNECTION_IDLE_MS,
    ...serverOptions(parts.tls),
    routerOptions: { maxParamLength: 500 },
    trustProxy: false,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      const status = answerBrokenRequest(error, socket, parts.state().revision);
      if (status !== undefined) parts.onAnswered(unknownAnswer(status));
    },
  });
  app.removeContentTypeParser("text/plain");
  // The bytes as they came; so a key goes with one way of writing a body.
  digestBodies(app);
  decodeBodies(app);
  parseJsonBodies(app);
  finishAnswers(app, parts);
  waitForRevisions(app, parts);
  auditCalls(app, parts);
  guardRoutes(app, parts);
  await addDocs(app, openApiDocument(parts.endpoints));
  const routing = { ...parts, idempotency: new Idempotency(parts) };
  const add = (to: App, endpoints: readonly Endpoint[]) => {
    for (const endpoint of endpoints) addEndpoint(to, routing, endpoint);
  };
  const streaming = parts.endpoints.filter((endpoint) => endpoint.streamsBody);
  add(
    app,
    parts.endpoints.filter((endpoint) => !endpoint.streamsBody),
  );
  await app.register(async (scope) => {
    passJsonBodies(scope);
    add(scope, streaming);
  });
  addMethodRefusals(app, parts.endpoints);
  return app;
}

/** Typed as one of the two servers: nothing here depends on which of them listens. */
function serverOptions(tls: TlsOptions | undefined): { http: { headersTimeout: number } } {
  const http = { headersTimeout: 5_000 };
  return tls ? ({ https: { ...http, ...tls } } as never) : { http };
}
