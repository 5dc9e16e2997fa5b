/** The application: endpoints become guarded routes; every answer leaves in one way. */
import type { TlsOptions } from "node:tls";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { type AuditParts, auditCalls } from "./audit-calls.ts";
import { digestBodies } from "./body-digest.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { addDocs } from "./docs.ts";
import { BODY_LIMIT_BYTES, CONNECTION_IDLE_MS, type Endpoint } from "./endpoint.ts";
import { answerError, type FinishParts, finishAnswers, stampAnswer } from "./finish.ts";
import { addMethodRefusals } from "./guard.ts";
import { Idempotency, type IdempotencyParts } from "./idempotency.ts";
import { openApiDocument } from "./openapi.ts";
import { addEndpoint } from "./route.ts";

export interface AppParts extends FinishParts, AuditParts, IdempotencyParts {
  readonly endpoints: readonly Endpoint[];
  readonly logger: FastifyBaseLogger;
}

export type App = FastifyInstance;

declare module "fastify" {
  interface FastifyContextConfig {
    /** The endpoint parses the body itself. */
    readonly rawBody?: boolean;
  }
}

export async function buildApp(parts: AppParts): Promise<App> {
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
    ...serverOptions(parts.tls),
    routerOptions: { maxParamLength: 500 },
    trustProxy: false,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    clientErrorHandler: (error, socket) =>
      answerBrokenRequest(error, socket, parts.state().revision),
  });
  app.removeContentTypeParser("text/plain");
  takeJson(app);
  finishAnswers(app, parts);
  auditCalls(app, parts);
  digestBodies(app);
  await addDocs(app, openApiDocument(parts.endpoints));
  const routing = { ...parts, idempotency: new Idempotency(parts) };
  for (const endpoint of parts.endpoints) addEndpoint(app, routing, endpoint);
  addMethodRefusals(app, parts);
  return app;
}

/** Typed as one of the two servers: nothing here depends on which of them listens. */
function serverOptions(tls: TlsOptions | undefined): { http: { headersTimeout: number } } {
  const http = { headersTimeout: 5_000 };
  return tls ? ({ https: { ...http, ...tls } } as never) : { http };
}

/**
 * JSON, parsed here or by the endpoint itself. Many clients send `content-type: application/json`
 * with every call, also where there is no body.
 */
function takeJson(app: App): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (request.routeOptions.config.rawBody) done(null, body);
    else if (body.length === 0) done(null, undefined);
    else parseJson(request, body.toString("utf8"), done);
  });
}
