/** A body as it comes, for endpoints that need not have the whole of it at once. */
import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { bodyTooLarge } from "./problems.ts";

/** Bounded by the route's limit, by what is announced as well as by what comes. */
export async function* bodyStream(request: FastifyRequest): AsyncGenerator<Uint8Array> {
  const { body, headers } = request;
  const { bodyLimit } = request.routeOptions;
  if (!(body instanceof Readable)) return;
  if (Number(headers["content-length"]) > bodyLimit) throw bodyTooLarge();
  let bytes = 0;
  // Not destroyed where the reader has enough: the connection has to carry the answer yet.
  for await (const piece of body.iterator({ destroyOnReturn: false })) {
    bytes += piece.length;
    if (bytes > bodyLimit) throw bodyTooLarge();
    yield piece;
  }
}

/** What is left of the body would be taken for the next request on the connection. */
export function isHalfRead({ raw }: FastifyRequest): boolean {
  return raw.readableDidRead && !raw.complete;
}
