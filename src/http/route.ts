/** From an endpoint to a route: parse, ask the handler, send what it answers. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuthParts } from "./auth.ts";
import { type Answer, CONNECTION_IDLE_MS, type Endpoint } from "./endpoint.ts";
import { namesEntityTag, parseIfMatch } from "./entity-tags.ts";
import { guard } from "./guard.ts";
import { parse } from "./parse.ts";

export function addEndpoint(app: FastifyInstance, parts: AuthParts, endpoint: Endpoint): void {
  const { method, url, bodyLimitBytes } = endpoint;
  app.route({
    method,
    url,
    ...(bodyLimitBytes === undefined ? {} : { bodyLimit: bodyLimitBytes }),
    onRequest: guard(parts, endpoint),
    // Not an async handler: the reply is a thenable, and awaiting it costs more than a lookup.
    handler: (request, reply) => {
      answer(endpoint, request, reply).catch((error: unknown) => reply.send(error));
    },
  });
}

async function answer(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const call = {
    params: parse(endpoint.params, request.params, "path") as never,
    query: parse(endpoint.query, request.query, "query") as never,
    body: parse(endpoint.body, bodyOf(endpoint, request), "body") as never,
    caller: { actor: request.actor, match: parseIfMatch(request.headers["if-match"]) },
    accept: request.headers.accept,
    acceptsGzip: /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/.test(
      String(request.headers["accept-encoding"] ?? ""),
    ),
    log: request.log,
    signal: () => abortedWith(reply),
    allowSilence: (durationMs: number) => {
      if (durationMs === 0) return;
      request.raw.socket.setTimeout(durationMs + CONNECTION_IDLE_MS);
    },
  };
  sendAnswer(request, reply, endpoint, await endpoint.handle(call));
}

/** A body that may be left out counts as an empty object. */
function bodyOf(endpoint: Endpoint, request: FastifyRequest): unknown {
  return endpoint.bodyOptional && request.body === undefined ? {} : request.body;
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint,
  { status, body, contentType, contentEncoding, revision, etag, location }: Answer,
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
  const isRaw = content instanceof Readable || content instanceof Uint8Array;
  reply.send(isRaw ? content : JSON.stringify(content));
}

function abortedWith(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => controller.abort());
  return controller.signal;
}
