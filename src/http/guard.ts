/** Who may pass, before a body is read; and the answer to a method that a path does not have. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Access, type AuthParts, authorise, type Identity } from "./auth.ts";
import type { Endpoint } from "./endpoint.ts";
import { isGuarded, shownPath } from "./paths.ts";
import { HttpProblem } from "./problems.ts";

const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/**
 * Puts a guard before every route that is added from here on, as the route, or else the scope that
 * it stands in, declares who may call. One that nobody has declared is refused, so that it cannot
 * be served by mistake; and so is a path that does not exist, which is not told to strangers.
 */
export function guardRoutes(app: FastifyInstance, parts: AuthParts): void {
  app.decorateRequest("actor", "unknown");
  app.decorateRequest("role", "viewer");
  app.addHook("onRoute", function (route) {
    const access = route.config?.access ?? this.access;
    // The types see to it where a route is made of an endpoint, but types can be cast away.
    if (!access?.role) throw new Error(`${route.method} ${route.url} declares no role`);
    route.onRequest = [guard(parts, access)].concat(route.onRequest ?? []);
  });
  const guardNothing = guard(parts, { role: "viewer" });
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404 && isGuarded(request.url)) guardNothing(request, reply, done);
    else done();
  });
}

/** Authorises, and remembers who called. */
function guard(parts: AuthParts, access: Access) {
  return checking((request) => {
    const { actor, role } = authorise(parts, request, access);
    request.actor = actor;
    request.role = role;
  });
}

/** A hook that lets a request through unless `check` throws what it is refused with. */
export function checking(check: (request: FastifyRequest, reply: FastifyReply) => void) {
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    try {
      check(request, reply);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** A path that is known by another method is told so. */
export function addMethodRefusals(app: FastifyInstance, all: readonly Endpoint[]): void {
  for (const [url, endpoints] of groupByUrl(all)) {
    const allowed = endpoints.flatMap(({ method }) =>
      method === "GET" ? [method, "HEAD"] : [method],
    );
    const role = endpoints.some((endpoint) => endpoint.role === "open") ? "open" : "viewer";
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url,
      config: { access: { role } },
      handler: (request) => {
        throw new HttpProblem(
          405,
          "method-not-allowed",
          {
            detail: `${request.method} is not possible on ${shownPath(request.url)}`,
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

declare module "fastify" {
  interface FastifyRequest {
    /** Who makes the request, as the guard found out. */
    actor: string;
    role: Identity["role"];
  }
  interface FastifyContextConfig {
    /** Who may call the route. */
    access?: Access;
  }
  interface FastifyInstance {
    /** Who may call the routes that do not say so themselves. */
    access?: Access;
  }
}
