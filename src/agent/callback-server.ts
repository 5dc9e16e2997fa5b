/** The smallest HTTP server that hands pushes to an agent, for who has none of its own. */
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import type { Agent, PushAnswer } from "./interface.ts";

/** A snapshot of over 1 MiB goes by reference, a delta can be larger. */
const BODY_BYTES_MAX = 128 * 1024 * 1024;

export interface CallbackServer {
  /** To be registered as the server's `callbackUrl`, where `host` is how the service reaches it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on any free port where `port` is 0. */
export async function listenForPushes(
  agent: Pick<Agent, "receive">,
  port = 0,
  host = "127.0.0.1",
): Promise<CallbackServer> {
  const server = createServer((request, response) => {
    void answerTo(agent, request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${taken}/tables`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerTo(
  agent: Pick<Agent, "receive">,
  request: IncomingMessage,
): Promise<PushAnswer> {
  if (request.method !== "POST") return { status: 405 };
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > BODY_BYTES_MAX) return { status: 413 };
      pieces.push(piece);
    }
  } catch {
    return { status: 400 };
  }
  return agent.receive({ headers: request.headers, body: Buffer.concat(pieces) });
}
