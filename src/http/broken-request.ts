/** What cannot even be read as a request is refused in the same form as everything else. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Writes the answer by hand, since there is no reply to write it with, and ends the connection.
 * Tells the status; nothing where nobody is there to be answered.
 */
export function answerBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Duplex,
  headRevision: number,
): number | undefined {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const status = STATUS_OF[error.code ?? ""] ?? 400;
  const title = STATUS_CODES[status];
  const code = "malformed-request";
  const type = `urn:evenkeel:problem:${code}`;
  const detail = "the request is not well-formed HTTP, too slow, or its headers are too large";
  const body = JSON.stringify({ type, title, status, detail, code });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    "Content-Type: application/problem+json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Revision: ${headRevision}`,
    "Cache-Control: no-store",
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  return status;
}
