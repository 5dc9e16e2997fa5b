/** The application: endpoints become guarded routes; every answer leaves in one way. */
import type { ServerOptions } from "node:http";
import type { TlsOptions } from "node:tls";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Clock } from "../core/clock.ts";
import { shedLoad } from "./admission.ts";
import { type AuditParts, auditCalls } from "./audit-calls.ts";
import type { AuthParts } from "./auth.ts";
import { limitBodyTimes, REQUEST_TIMEOUT_MS } from "./body-deadlines.ts";
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
import type { Load } from "./load.ts";
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
  readonly load: Load;
  readonly clock: Clock;
  /** Called for each connection that is closed as it comes, since there are too many. */
  readonly onConnectionRefused: () => void;
  readonly connectionsMax?: number | undefined;
  readonly logger: FastifyBaseLogger;
}

export type App = FastifyInstance;

const HEADERS_TIMEOUT_MS = 5_000;
/** Node looks for headers that take too long at intervals, by default of half a minute. */
const TIMEOUT_CHECK_MS = 1_000;
const CONNECTIONS_MAX = 8_192;

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
  app.server.on("drop", () => parts.onConnectionRefused());
  app.server.maxConnections = parts.connectionsMax ?? CONNECTIONS_MAX;
  app.removeContentTypeParser("text/plain");
  // The bytes as they came; so a key goes with one way of writing a body.
  digestBodies(app);
  decodeBodies(app);
  parseJsonBodies(app);
  finishAnswers(app, parts);
  auditCalls(app, parts);
  limitBodyTimes(app, parts.clock);
  shedLoad(app, parts.load);
  waitForRevisions(app, parts);
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
function serverOptions(tls: TlsOptions | undefined): { http: ServerOptions } {
  const http = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  };
  const https = { ...http, handshakeTimeout: HEADERS_TIMEOUT_MS, ...tls };
  return tls ? ({ https } as never) : { http };
}
