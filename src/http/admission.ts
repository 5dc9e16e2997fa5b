/** Where a call meets the bounds on load: on arrival, once its caller is known, and at its work. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { hasBody } from "./body-encoding.ts";
import { type Endpoint, MIB } from "./endpoint.ts";
import { checking } from "./guard.ts";
import type { Leave, Load } from "./load.ts";
import { onceOver } from "./over.ts";

const LARGE_BODY_BYTES_MIN = MIB;

/** On arrival, before the caller is known. */
export function shedLoad(app: FastifyInstance, load: Load): void {
  app.decorateRequest("leave", undefined);
  app.server.on("connection", () => load.connectionCame());
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.routeOptions.config.load === "vital") done();
    else load.take(done);
  });
}

/** What costs much is counted from here on, before its body is read, until it is answered. */
export function admit(load: Load, endpoint: Endpoint) {
  return checking((request, reply) => {
    if (endpoint.load === "heavy" && load.areTablesLarge()) {
      request.leave = load.begin("heavy", request.actor);
      onceOver(request, reply, request.leave);
    }
    if (endpoint.bodyLimitBytes !== undefined && mayBeLarge(request)) {
      onceOver(request, reply, load.beginLargeBody());
    }
  });
}

/** What costs little is counted while it is worked on, so that a slow body keeps nobody out. */
export function beginWork(load: Load, endpoint: Endpoint, request: FastifyRequest): Leave {
  const { role, load: kind } = endpoint;
  if (role === "open") return () => {};
  return request.leave ?? load.begin(kind === "vital" ? kind : "ordinary", request.actor);
}

function mayBeLarge(request: FastifyRequest): boolean {
  const { "content-length": length, "content-encoding": coding } = request.headers;
  if (!hasBody(request)) return false;
  return length === undefined || coding !== undefined || Number(length) > LARGE_BODY_BYTES_MIN;
}

declare module "fastify" {
  interface FastifyContextConfig {
    load?: Endpoint["load"];
  }
  interface FastifyRequest {
    /** Of a call that was taken on when it arrived. */
    leave: Leave | undefined;
  }
}
