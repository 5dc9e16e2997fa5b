/** Bodies that come compressed. What reads them counts what they are decompressed to. */
import type { Readable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { KIB } from "./endpoint.ts";
import { bodyTooLarge, HttpProblem } from "./problems.ts";

/** One coding under two names (RFC 9110, 8.4.1.3). */
const GZIP_NAMES = ["gzip", "x-gzip"];

export function decodeBodies(app: FastifyInstance): void {
  app.addHook("preParsing", (request, _reply, payload, done) => {
    const coding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "";
    if (["", "identity"].includes(coding) || !hasBody(request)) done(null, payload);
    else if (GZIP_NAMES.includes(coding)) {
      done(null, gunzipped(payload as Readable, request.routeOptions.bodyLimit));
    } else done(unsupported(coding));
  });
}

export function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Fastify compares `receivedEncodedLength` with the length that the headers tell. */
type CountingGunzip = Gunzip & { receivedEncodedLength: number };

/**
 * Compressed bytes are bounded too, since there may be any number of them that come to nothing.
 * No `pipeline`: it would end the connection, which has to carry the answer yet.
 */
function gunzipped(payload: Readable, limitBytes: number): CountingGunzip {
  const gunzip = Object.assign(createGunzip({ chunkSize: 64 * KIB }), {
    receivedEncodedLength: 0,
  });
  payload.on("data", (piece: Uint8Array) => {
    gunzip.receivedEncodedLength += piece.length;
    if (gunzip.receivedEncodedLength > limitBytes) gunzip.destroy(bodyTooLarge());
  });
  payload.once("error", (error) => gunzip.destroy(error));
  // Whoever reads it hears of an error; one that comes when nobody reads any more is no matter.
  gunzip.on("error", () => {});
  payload.pipe(gunzip);
  return gunzip;
}

function unsupported(coding: string): HttpProblem {
  return new HttpProblem(
    415,
    "unsupported-encoding",
    {
      detail: `bodies with the content encoding ${coding.slice(0, 100)} are not taken`,
      correction: "Send the body as it is, or compressed with gzip",
    },
    { "accept-encoding": "gzip" },
  );
}
