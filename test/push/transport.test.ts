import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { parseCallbackPolicy } from "../../src/push/callback-policy.ts";
import { createTransport, type Transport } from "../../src/push/transport.ts";
import { realClock } from "./manual-clock.ts";

const digest = `xor-sha256:${"0f".repeat(32)}`;
const appliedBody = { status: "applied", generation: 1, revision: 2, digest };
const applied = { kind: "applied", generation: 1, revision: 2, digest };
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Listening {
  readonly port: number;
  readonly url: string;
  /** Connections that were opened. */
  readonly sockets: Socket[];
}

async function listening(listener: RequestListener): Promise<Listening> {
  const server: Server = createServer(listener);
  const sockets: Socket[] = [];
  server.on("connection", (socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  open.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/updates?a=b`, sockets };
}

function transportWith({
  allow = "127.0.0.0/8",
  timeoutMs = 10_000,
  names = {} as Record<string, string[]>,
} = {}): Transport {
  const policy = parseCallbackPolicy(allow, async (name) => {
    return (names[name] ?? []).map((address) => ({ address, family: 4 }));
  });
  const transport = createTransport({ policy, timeoutMs, clock: realClock });
  open.push(() => transport.close());
  return transport;
}

const push = (url: string, serverId = "s-1") => ({
  serverId,
  url,
  body: Buffer.from('{"type":"tables.update"}'),
  headers: { "webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x" },
});

describe("a push", () => {
  test("is one POST with the message's headers, over a connection that is kept", async () => {
    const seen: object[] = [];
    const { url, sockets } = await listening(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { method, url: path, headers } = request;
      seen.push({ method, path, body, headers });
      response.end(JSON.stringify(appliedBody));
    });
    const transport = transportWith();
    expect(await transport.send(push(url))).toEqual(applied);
    expect(await transport.send(push(url))).toEqual(applied);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/updates?a=b",
      body: '{"type":"tables.update"}',
      headers: {
        "content-type": "application/json",
        "storage-server-id": "s-1",
        "webhook-id": "msg_1",
        "webhook-timestamp": "1",
        "webhook-signature": "v1,x",
        "user-agent": "evenkeel",
      },
    });
    expect(sockets).toHaveLength(1);
  });

  test("to another server takes a connection of its own", async () => {
    const { url, sockets } = await listening((_, response) =>
      response.end(JSON.stringify(appliedBody)),
    );
    const transport = transportWith();
    await Promise.all([transport.send(push(url, "s-1")), transport.send(push(url, "s-2"))]);
    expect(sockets).toHaveLength(2);
  });

  test("obeys what a busy server asks for", async () => {
    const { url } = await listening((_, response) =>
      response.writeHead(429, { "retry-after": "3" }).end(),
    );
    expect(await transportWith().send(push(url))).toMatchObject({
      kind: "busy",
      retryAfterMs: 3000,
    });
  });
});

describe("a fault", () => {
  const failed = (words: string) => ({ kind: "failed", detail: expect.stringContaining(words) });

  test("of a server that never answers ends with the time-out", async () => {
    const { url } = await listening(() => {});
    expect(await transportWith({ timeoutMs: 50 }).send(push(url))).toEqual(failed("within 50 ms"));
  });

  test("of a server that stops in the middle of its answer ends with the time-out", async () => {
    const { url } = await listening((_, response) => void response.write('{"status":'));
    expect(await transportWith({ timeoutMs: 50 }).send(push(url))).toEqual(failed("within 50 ms"));
  });

  test("of a connection that is never opened ends with the time-out, and is not sent", async () => {
    const { port, sockets } = await listening(() => {});
    let found = (_addresses: { address: string; family: number }[]): void => {};
    const looked = new Promise<{ address: string; family: number }[]>((resolve) => {
      found = resolve;
    });
    const policy = parseCallbackPolicy("127.0.0.0/8", () => looked);
    const transport = createTransport({ policy, timeoutMs: 50, clock: realClock });
    open.push(() => transport.close());
    const answer = await transport.send(push(`http://slow.test:${port}/`));
    expect(answer).toEqual(failed("within 50 ms"));
    expect(sockets).toEqual([]);
    found([]);
  });

  test("of a connection reset in the middle of the answer", async () => {
    const { url } = await listening((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"status":', () => response.socket?.resetAndDestroy());
    });
    expect(await transportWith().send(push(url))).toMatchObject({ kind: "failed" });
  });

  test("of an answer without end", async () => {
    const { url } = await listening((_, response) => {
      const more = () => void (response.destroyed || response.write("x".repeat(50_000), more));
      more();
    });
    expect(await transportWith().send(push(url))).toEqual(failed("over 65536 bytes"));
  });

  test("of a redirect, which is not followed", async () => {
    const target = await listening((_, response) => response.end(JSON.stringify(appliedBody)));
    const { url } = await listening((_, response) =>
      response.writeHead(307, { location: target.url }).end(),
    );
    expect(await transportWith().send(push(url))).toEqual(
      failed("a redirect, which is not followed"),
    );
    expect(target.sockets).toHaveLength(0);
  });

  test("of JSON that isn't any", async () => {
    const { url } = await listening((_, response) => response.end("<html>"));
    expect(await transportWith().send(push(url))).toEqual(failed("answered 200 with a body"));
  });

  test("of nobody listening, and the next push works again", async () => {
    const transport = transportWith();
    const { url } = await listening((_, response) => response.end(JSON.stringify(appliedBody)));
    expect(await transport.send(push("http://127.0.0.1:1/"))).toEqual(failed("ECONNREFUSED"));
    expect(await transport.send(push(url))).toEqual(applied);
  });

  test("of a server that is forgotten while it is asked", async () => {
    const transport = transportWith();
    const { url } = await listening(() => transport.forget("s-1"));
    expect(await transport.send(push(url))).toMatchObject({ kind: "failed" });
  });
});

describe("no connection is opened", () => {
  const listener: RequestListener = (_, response) => response.end(JSON.stringify(appliedBody));
  const refused = { kind: "failed", detail: expect.stringContaining("allowed") };

  test("to a literal address outside the list, however it is spelt", async () => {
    const { port, sockets } = await listening(listener);
    const transport = transportWith({ allow: "10.0.0.0/8" });
    for (const host of ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]) {
      expect(await transport.send(push(`http://${host}:${port}/`))).toEqual(refused);
    }
    expect(sockets).toHaveLength(0);
  });

  test("to a port outside the list", async () => {
    const { url, port, sockets } = await listening(listener);
    const transport = transportWith({ allow: `127.0.0.0/8@${port === 9 ? 10 : 9}` });
    expect(await transport.send(push(url))).toEqual(refused);
    expect(sockets).toHaveLength(0);
  });

  test("to a name that resolves outside the list, wholly or in part", async () => {
    const { port, sockets } = await listening(listener);
    const names = { "a.test": ["127.0.0.1"], "b.test": ["10.0.0.1", "127.0.0.1"] };
    const transport = transportWith({ allow: "10.0.0.0/8", names });
    for (const name of ["a.test", "b.test"]) {
      expect(await transport.send(push(`http://${name}:${port}/`))).toEqual(refused);
    }
    expect(sockets).toHaveLength(0);
  });

  test("to a name that has moved outside since the last connection", async () => {
    const { port, sockets } = await listening((_, response) => {
      response.writeHead(200, { connection: "close" }).end(JSON.stringify(appliedBody));
    });
    const names = { "a.test": ["127.0.0.1"] };
    const transport = transportWith({ names });
    expect(await transport.send(push(`http://a.test:${port}/`))).toEqual(applied);
    names["a.test"] = ["10.0.0.1"];
    expect(await transport.send(push(`http://a.test:${port}/`))).toEqual(refused);
    expect(sockets).toHaveLength(1);
  });
});
