/**
 * `Min-Revision`: the call is answered only from that revision on. Where several processes share a
 * store, so is what another one has acknowledged; and even the token may be as new as that.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isApi } from "./paths.ts";
import { HttpProblem } from "./problems.ts";

export interface MinRevisionParts {
  /** Waits for a revision, for some time; tells whether it is known. */
  readonly reach: (revision: number) => Promise<boolean>;
}

export function waitForRevisions(app: FastifyInstance, { reach }: MinRevisionParts): void {
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.headers["min-revision"] === undefined || !isApi(request.url)) return void done();
    askedFor(request, reach).then(() => done(), done);
  });
}

async function askedFor(
  { headers }: FastifyRequest,
  reach: MinRevisionParts["reach"],
): Promise<void> {
  const text = headers["min-revision"];
  const revision = typeof text === "string" && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(revision)) {
    const message = "Min-Revision must be a revision in decimal digits";
    throw new HttpProblem(400, "invalid-min-revision", {
      detail: message,
      correction: "Send the number that the header Revision of an answer had",
      errors: [{ path: "Min-Revision", message }],
    });
  }
  if (await reach(revision)) return;
  throw new HttpProblem(503, "revision-not-reached", {
    detail: `revision ${revision} is not known here yet`,
    correction: "Send it again after Retry-After, or without Min-Revision",
  });
}
