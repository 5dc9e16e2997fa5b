/** The digest of a body's bytes, worked out as they pass, for writes that may be sent again. */
import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { finished } from "node:stream/promises";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** SHA-256 in hex, when all has been read. Absent where there is no Idempotency-Key. */
    bodySha256: (() => Promise<string>) | undefined;
  }
}

export function digestBodies(app: FastifyInstance): void {
  app.decorateRequest("bodySha256", undefined);
  app.addHook("preParsing", (request, _reply, payload, done) => {
    if (request.headers["idempotency-key"] === undefined) {
      done(null, payload);
      return;
    }
    const hash = createHash("sha256");
    const passed = new Transform({
      transform: (piece: Buffer, _encoding, pass) => {
        hash.update(piece);
        pass(null, piece);
      },
    });
    // No `pipeline`: it would end the connection, which has to carry the answer yet.
    payload.once("error", (error) => passed.destroy(error));
    payload.pipe(passed);
    request.bodySha256 = async () => {
      if (!passed.readableEnded) {
        passed.resume();
        await finished(passed);
      }
      return hash.copy().digest("hex");
    };
    done(null, passed);
  });
}
