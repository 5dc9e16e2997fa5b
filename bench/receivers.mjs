/**
 * Storage servers at the price of an HTTP route each: they answer an update as if they had
 * applied it, and count. A process of their own, told over IPC what to do.
 */
import { createServer } from "node:http";

/** By path: the digest of the tables that were sent last, which what is settled doesn't repeat. */
const digests = new Map();
let hanging = new Set();
/** Answers that are owed. */
const held = new Set();
const NOTHING = { messages: 0, bytes: 0, largest: 0 };
let counts = { ...NOTHING };
let awaited;

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    const { url } = request;
    if (hanging.has(url)) {
      held.add(response);
      return;
    }
    const { kind, generation, revision } = headingOf(body);
    if (kind !== "settled") digests.set(url, digestOf(body));
    // The bare fan-out is answered the same way, and not counted.
    if (!url.startsWith("/bare/")) count(body.length);
    const text = JSON.stringify({
      ...{ status: "applied", generation, revision, digest: digests.get(url) },
    });
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
    if (kind !== "settled" && !url.startsWith("/bare/")) has(url, revision);
  });
});

/** Without parsing the rows, of which there may be many. */
function headingOf(body) {
  const head = body.toString("latin1", 0, 400);
  const field = (name) => new RegExp(`"${name}":"?([\\w-]+)`).exec(head)?.[1];
  return {
    kind: field("kind"),
    generation: Number(field("generation")),
    revision: Number(field("revision")),
  };
}

function digestOf(body) {
  const at = body.lastIndexOf('"digest":"') + '"digest":"'.length;
  return body.toString("latin1", at, at + "xor-sha256:".length + 64);
}

function count(bytes) {
  counts.messages++;
  counts.bytes += bytes;
  counts.largest = Math.max(counts.largest, bytes);
}

/** Tells when so many servers have been sent a revision, or a later one. */
function has(url, revision) {
  if (!awaited || revision < awaited.revision) return;
  awaited.urls.add(url);
  if (awaited.urls.size < awaited.servers) return;
  process.send({ reached: now() });
  awaited = undefined;
}

const now = () => performance.timeOrigin + performance.now();

process.on("message", (message) => {
  if (message.hang) {
    hanging = new Set(message.hang);
    for (const response of held) response.destroy();
    held.clear();
    process.send({ hanging: true });
  } else if (message.await) awaited = { ...message.await, urls: new Set() };
  else if (message.count) {
    process.send({ counts });
    counts = { ...NOTHING };
  }
});
process.on("disconnect", () => process.exit());

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}` });
});
