/** From an endpoint to a route: parse, ask the handler, send what it answers. */
import type { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ClusterState } from "../core/cluster-state.ts";
import { admit, beginWork } from "./admission.ts";
import { auditCallOf } from "./audit-calls.ts";
import { bodyStream, isHalfRead } from "./body-stream.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import { namesEntityTag, parseIfMatch } from "./entity-tags.ts";
import { parseLastEventId } from "./event-ids.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Leave, Load } from "./load.ts";
import { isAbandoned, onceOver } from "./over.ts";
import { parse } from "./parse.ts";

/** Tables are repetitive: the fastest level makes a tenth of them. */
const GZIP_LEVEL = 1;

export interface RoutingParts {
  readonly state: () => ClusterState;
  readonly idempotency: Idempotency;
  readonly load: Load;
}

export function addEndpoint(app: FastifyInstance, parts: RoutingParts, endpoint: Endpoint): void {
  const { method, url, role, storageServer, bodyLimitBytes } = endpoint;
  app.route({
    method,
    url,
    ...(bodyLimitBytes === undefined ? {} : { bodyLimit: bodyLimitBytes }),
    config: { access: { role, storageServer }, load: endpoint.load },
    onRequest: admit(parts.load, endpoint),
    // Not an async handler: the reply is a thenable, and awaiting it costs more than a lookup.
    handler: (request, reply) => {
      answer(parts, endpoint, request, reply).catch((error: unknown) => {
        if (isHalfRead(request)) reply.header("connection", "close");
        reply.send(error);
      });
    },
  });
}

async function answer(
  parts: RoutingParts,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const leave = beginWork(parts.load, endpoint, request);
  // Who has sent all and waits for what takes long is not taken for one that is gone.
  const onSilence = (socket: Socket) => {
    if (!request.raw.complete) socket.destroy();
  };
  reply.raw.on("timeout", onSilence);
  try {
    const call = callOf(endpoint, request, reply, leave);
    sendAnswer(request, reply, endpoint, await handle(parts, endpoint, request, call));
  } finally {
    reply.raw.off("timeout", onSilence);
    // What costs much is over when the last of its answer is sent.
    if (!request.leave) leave();
  }
}

function callOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  leave: Leave,
): Parameters<Endpoint["handle"]>[0] {
  return {
    params: parse(endpoint.params, request.params, "path") as never,
    query: parse(endpoint.query, request.query, "query") as never,
    body: endpoint.streamsBody
      ? (undefined as never)
      : (parse(endpoint.body, bodyOf(endpoint, request), "body") as never),
    bodyStream: bodyStream(request),
    caller: {
      actor: request.actor,
      match: parseIfMatch(request.headers["if-match"]),
      call: auditCallOf(request),
    },
    role: request.role,
    accept: request.headers.accept,
    acceptsGzip: acceptsGzip(request),
    lastEvent: endpoint.resumable ? parseLastEventId(request.headers["last-event-id"]) : undefined,
    log: request.log,
    signal: () => abortedWith(request, reply),
    stepAside: leave,
  };
}

/** A write with a key is done once. */
async function handle(
  { idempotency, state }: RoutingParts,
  endpoint: Endpoint,
  request: FastifyRequest,
  call: Parameters<Endpoint["handle"]>[0],
): Promise<Answer> {
  const { bodySha256 } = request;
  if (endpoint.method === "GET" || !bodySha256) return endpoint.handle(call);
  return idempotency.once(request, {
    bodySha256: async () => {
      // What the endpoint has not read: a table that is not to be put again.
      for await (const _ of call.bodyStream);
      return bodySha256();
    },
    revision: () => state().revision,
    handle: async (idempotent) => {
      return endpoint.handle({ ...call, caller: { ...call.caller, idempotent } });
    },
  });
}

/** A body that may be left out counts as an empty object. */
function bodyOf(endpoint: Endpoint, request: FastifyRequest): unknown {
  return endpoint.bodyOptional && request.body === undefined ? {} : request.body;
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint,
  { status, body, contentType, contentEncoding, live, revision, etag, location }: Answer,
): void {
  if (revision !== undefined) reply.header("revision", revision);
  if (location !== undefined) reply.header("location", location);
  if (etag !== undefined) {
    reply.header("etag", etag);
    if (endpoint.ifNoneMatch && namesEntityTag(request.headers["if-none-match"], etag)) {
      reply.code(304).send();
      return;
    }
  }
  reply.code(status);
  if (body === undefined) {
    reply.send();
    return;
  }
  const content = typeof body === "function" ? body() : body;
  reply.type(contentType ?? "application/json; charset=utf-8");
  if (contentEncoding !== undefined) reply.header("content-encoding", contentEncoding);
  if (!(content instanceof Readable)) {
    reply.send(content instanceof Uint8Array ? content : JSON.stringify(content));
  } else if (live) sendLive(reply, content);
  else if (contentEncoding !== undefined) reply.send(content);
  else sendStream(request, reply, content);
}

/** Whatever stands in between must neither collect the pieces nor use the connection again. */
function sendLive(reply: FastifyReply, content: Readable): void {
  reply.header("connection", "close");
  reply.header("x-accel-buffering", "no");
  reply.send(content);
}

/** Streams are tables: compressed where that is accepted. */
function sendStream(request: FastifyRequest, reply: FastifyReply, content: Readable): void {
  reply.header("vary", "accept-encoding");
  if (!acceptsGzip(request)) {
    reply.send(content);
    return;
  }
  reply.header("content-encoding", "gzip");
  const gzip = createGzip({ level: GZIP_LEVEL });
  // The error of either, and a client that goes away, ends both.
  pipeline(content, gzip, () => {});
  reply.send(gzip);
}

function acceptsGzip({ headers }: FastifyRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?(?![\d.]))/.test(String(headers["accept-encoding"] ?? ""));
}

function abortedWith(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (isAbandoned(request, reply)) controller.abort();
  else onceOver(request, reply, () => controller.abort());
  return controller.signal;
}
