/** Which calls the audit hears of: writes, whatever came of them, and whatever was denied. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditCall } from "../operations/parts.ts";
import type { AuditEntry } from "../store/calls.ts";
import { isApi, isGuarded, pathOf, shownPath } from "./paths.ts";

export interface AuditParts {
  readonly audit: (entry: AuditEntry) => void;
  readonly now: () => number;
}

/** To be set by the route where the call takes a revision: it is then written with that. */
export function auditCallOf(request: FastifyRequest): AuditCall {
  return {
    method: request.method,
    path: shownPath(request.url),
    onCommitted: () => {
      request.committed = true;
    },
  };
}

export function auditCalls(app: FastifyInstance, { audit, now }: AuditParts): void {
  app.decorateRequest("committed", false);
  app.addHook("onResponse", (request, reply, done) => {
    const { statusCode: status } = reply;
    const denied = status === 401 || status === 403;
    const told = denied ? isGuarded(request.url) : isApi(request.url) && isTold(request, status);
    if (told && !request.committed) {
      const { method, url, actor } = request;
      const outcome = denied ? "denied" : status >= 400 ? "refused" : "done";
      const code = reply.problemCode;
      audit({
        at: now(),
        actor,
        method,
        path: shownPath(url),
        outcome,
        status,
        code,
      });
    }
    done();
  });
  app.decorateReply("problemCode", undefined);
}

/** Heartbeats of storage servers that change nothing would bury everything else. */
function isTold({ method, url }: FastifyRequest, status: number): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return status >= 400 || !pathOf(url).endsWith("/report");
}

declare module "fastify" {
  interface FastifyRequest {
    /** It has taken a revision. */
    committed: boolean;
  }
  interface FastifyReply {
    /** Of the problem that is answered. */
    problemCode: string | undefined;
  }
}
