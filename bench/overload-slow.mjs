/** Connections that send a byte a second, of their headers or of a body, and come again when ended. */
import { connect } from "node:net";

const BYTE_INTERVAL_MS = 1_000;
const HEADERS = "GET /v1/cluster HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
const BODY = `PUT /v1/links/slow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;

/** Opens so many of each; answers how to close them. */
export function openSlowConnections(url, count) {
  const { hostname, port } = new URL(url);
  const sockets = new Set();
  const result = { ended: 0 };
  let closed = false;
  const open = (beginning) => {
    const socket = connect(Number(port), hostname, () => socket.write(beginning));
    sockets.add(socket);
    socket.resume();
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      if (closed) return;
      result.ended++;
      open(beginning);
    });
  };
  for (let index = 0; index < count; index++) for (const kind of [HEADERS, BODY]) open(kind);
  const timer = setInterval(() => {
    for (const socket of sockets) socket.write(" ");
  }, BYTE_INTERVAL_MS);
  return () => {
    closed = true;
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    return result;
  };
}
