/** What becomes of the JSON that calls come with; everything else is refused. */
import type { FastifyInstance } from "fastify";
import { forbiddenKey } from "./problems.ts";

const JSON_TYPE = "application/json";

/**
 * Parsed before the handler runs. Many clients send `content-type: application/json` with every
 * call, also where there is no body.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser(JSON_TYPE);
  app.addContentTypeParser(JSON_TYPE, { parseAs: "buffer" }, (request, body, done) => {
    const text = body.toString("utf8");
    if (text === "") done(null, undefined);
    else {
      parseJson(request, text, (error, value) => {
        done(error && isJson(text) ? forbiddenKey() : error, value);
      });
    }
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Handed to the handler as a stream. */
export function passJsonBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(JSON_TYPE);
  app.addContentTypeParser(JSON_TYPE, (_request, stream, done) => done(null, stream));
}
