/**
 * How long a body may take to come. Node's own time-out is the same for every call, but a table of
 * 128 MiB is received no faster than it is parsed. So each body has a deadline of its own: ten
 * seconds, and where much may be sent a second more for each 64 KB that have come.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../core/clock.ts";
import { hasBody } from "./body-encoding.ts";
import { BODY_LIMIT_BYTES, TABLE_BODY_LIMIT_BYTES } from "./endpoint.ts";
import { HttpProblem } from "./problems.ts";

const BODY_MS_MAX = 10_000;
const BYTES_PER_MS_MIN = 64;
/** The slowest table, with time for what has to wait for this machine: Node's bound on any call. */
export const REQUEST_TIMEOUT_MS = 2 * (BODY_MS_MAX + TABLE_BODY_LIMIT_BYTES / BYTES_PER_MS_MIN);

export function limitBodyTimes(app: FastifyInstance, clock: Clock): void {
  app.addHook("onRequest", (request, reply, done) => {
    if (hasBody(request)) watch(request, reply, clock);
    done();
  });
}

function watch(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const { raw } = request;
  const isLarge = request.routeOptions.bodyLimit > BODY_LIMIT_BYTES;
  const [begunAt, bytesBefore] = [clock.now(), raw.socket.bytesRead];
  const look = () => {
    if (raw.complete) return;
    const bytes = isLarge ? raw.socket.bytesRead - bytesBefore : 0;
    const leftMs = begunAt + BODY_MS_MAX + bytes / BYTES_PER_MS_MIN - clock.now();
    if (leftMs > 0) cancel = clock.after(leftMs, look);
    // What has come is not taken yet: it is not the client who is slow.
    else if (isLarge && raw.readableLength > 0) cancel = clock.after(BODY_MS_MAX, look);
    else giveUp(request, reply);
  };
  let cancel = clock.after(BODY_MS_MAX, look);
  raw.once("close", () => cancel());
}

/**
 * Whoever reads the body hears of it as of any other error; where nobody does, or the call was
 * answered without it, it is cut off.
 */
function giveUp({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.listenerCount("error") > 0 && !reply.raw.writableEnded) raw.emit("error", tooSlow());
  else raw.destroy();
}

function tooSlow(): HttpProblem {
  const details = {
    detail: "the body came too slowly",
    correction:
      "Send it faster; ten seconds are enough for all but tables, which get 64 KB a second",
  };
  return new HttpProblem(408, "body-too-slow", details, { connection: "close" });
}
