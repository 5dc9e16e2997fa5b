/** When a call is over, however it ends. */
import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Calls `then` once: when the answer is sent or can't be any more. A response that waits behind
 * another one of its connection hears nothing of the connection's end, so that is listened for.
 */
export function onceOver(
  { raw: { socket } }: FastifyRequest,
  { raw }: FastifyReply,
  then: () => void,
): void {
  const over = () => {
    socket.off("close", over);
    raw.off("close", over);
    then();
  };
  // There may be many of one connection.
  socket.setMaxListeners(0);
  socket.once("close", over);
  raw.once("close", over);
}

/** Whether nobody is there any more to be answered. */
export function isAbandoned({ raw: { socket } }: FastifyRequest, { raw }: FastifyReply): boolean {
  return raw.destroyed || socket.destroyed;
}
