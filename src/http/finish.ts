/** What holds for every answer: the head's revision, no caching, problems in one form, a log line. */
import type { TlsOptions } from "node:tls";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ClusterState } from "../core/cluster-state.ts";
import { isAbandoned, onceOver } from "./over.ts";
import { isApi, isGuarded, shownPath } from "./paths.ts";
import {
  closing,
  HttpProblem,
  internalProblem,
  problemFor,
  retryAfterSeconds,
} from "./problems.ts";
import { securityHeaders } from "./security-headers.ts";

/** What was answered; `route` is the pattern, never the path. */
export interface Answered {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/** Of what is not known, or not even a request. */
const NONE = "none";

export interface FinishParts {
  readonly state: () => ClusterState;
  /** HTTPS with this certificate; browsers are told to insist on it. Absent: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** Called after each answer, for who measures. */
  readonly onAnswered: (answered: Answered) => void;
  /** How old the state may be, in seconds, where the store is out of reach. */
  readonly ageSeconds: () => number | undefined;
  /** Called when the app begins to close: calls that wait on purpose must end now. */
  readonly onClosing: () => void;
}

export function finishAnswers(app: FastifyInstance, parts: FinishParts): void {
  const headers = securityHeaders(parts.tls !== undefined);
  let isClosing = false;
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    if (isClosing) done(closing());
    else done();
  });
  app.addHook("preClose", (done) => {
    isClosing = true;
    parts.onClosing();
    done();
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    stampAnswer(parts, request, reply);
    // A connection that is kept alive would hold up the end.
    if (isClosing) reply.header("connection", "close");
    // A call that did not come as a whole has been counted as a broken one.
    if (request.raw.complete) tellIfAbandoned(parts, request, reply);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    tellAnswer(parts, request, reply);
    done();
  });
  app.setNotFoundHandler((request) => {
    throw new HttpProblem(404, "no-such-path", {
      detail: `there is nothing at ${shownPath(request.url)}`,
      correction: "See /docs for the paths that exist",
    });
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
}

/**
 * Whoever asked may be gone, or go while the answer waits behind another one: there is no response
 * then to hear of, and what was done is told all the same.
 */
function tellIfAbandoned(
  parts: Pick<FinishParts, "onAnswered">,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (isAbandoned(request, reply)) {
    tellAnswer(parts, request, reply);
  } else if (reply.raw.socket === null) {
    onceOver(request, reply, () => {
      if (!reply.raw.writableFinished) tellAnswer(parts, request, reply);
    });
  }
}

function tellAnswer(
  { onAnswered }: Pick<FinishParts, "onAnswered">,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { method, actor } = request;
  const { statusCode: status, elapsedTime: durationMs } = reply;
  const { url: route } = request.routeOptions;
  onAnswered(route === undefined ? unknownAnswer(status) : { method, route, status });
  // Reads come by the thousand a second; what was done, and what was refused, is always told.
  const level = method === "GET" && status < 400 ? "debug" : "info";
  const path = shownPath(request.url);
  const fields = { method, path, status, actor, durationMs: Math.round(durationMs) };
  request.log[level](fields, "answered");
}

/** Of a request that no route was found for. */
export function unknownAnswer(status: number): Answered {
  return { method: NONE, route: NONE, status };
}

export function stampAnswer(
  { state, ageSeconds }: Pick<FinishParts, "state" | "ageSeconds">,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (!isGuarded(request.url)) return;
  reply.header("cache-control", "no-store");
  if (!isApi(request.url)) return;
  if (!reply.hasHeader("revision")) reply.header("revision", state().revision);
  const age = ageSeconds();
  if (age !== undefined) reply.header("revision-age", age);
}

export function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = problemFor(error);
  if (!known) reply.log.error({ err: error }, "request failed by a mistake of the service");
  const problem = known ?? internalProblem();
  if (error instanceof HttpProblem) reply.headers(error.headers);
  reply.problemCode = problem.code;
  const waitSeconds = retryAfterSeconds(problem);
  if (waitSeconds !== undefined) reply.header("retry-after", waitSeconds);
  return reply
    .code(problem.status)
    .type("application/problem+json; charset=utf-8")
    .send(JSON.stringify(problem));
}
