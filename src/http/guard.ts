/** Who may pass, before a body is read; and the answer to a method that a path does not have. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Access, type AuthParts, authorise } from "./auth.ts";
import type { Endpoint } from "./endpoint.ts";
import { HttpProblem } from "./problems.ts";

const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/** Authorises before a body is read, and remembers who called. */
export function guard(parts: AuthParts, access: Access) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => {
    try {
      request.actor = authorise(parts, request, access).actor;
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** A path that is known by another method is told so. */
export function addMethodRefusals(
  app: FastifyInstance,
  parts: AuthParts & { readonly endpoints: readonly Endpoint[] },
): void {
  for (const [url, endpoints] of groupByUrl(parts.endpoints)) {
    const allowed = endpoints.flatMap(({ method }) =>
      method === "GET" ? [method, "HEAD"] : [method],
    );
    const role = endpoints.some((endpoint) => endpoint.role === "open") ? "open" : "viewer";
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url,
      onRequest: guard(parts, { role }),
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

declare module "fastify" {
  interface FastifyRequest {
    /** Who makes the request, as the guard found out. */
    actor: string;
  }
}
