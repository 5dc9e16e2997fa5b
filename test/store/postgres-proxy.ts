/** A connection to PostgreSQL that breaks where a test wants it to. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What becomes of the next COMMIT: it never arrives, or its answer does not, or nothing any more. */
export type Break = "before-commit" | "after-commit" | "for-long-after-commit";

export interface Proxy {
  readonly url: string;
  breakAt: Break | undefined;
  /** Breaks what is open; nothing more gets through until it is opened again. */
  shut(): void;
  open(): void;
}

export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isShut = false;
  const server = createServer((client) => {
    if (isShut) return void client.destroy();
    const database = connect(Number(port), hostname);
    let onAnswer: (() => void) | undefined;
    const end = () => {
      client.destroy();
      database.destroy();
    };
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (data) => {
      if (data.includes("COMMIT\0") && proxy.breakAt !== undefined) {
        if (proxy.breakAt === "before-commit") end();
        onAnswer = proxy.breakAt === "after-commit" ? end : proxy.shut;
        proxy.breakAt = undefined;
      }
      database.write(data);
    });
    database.on("data", (data) => {
      if (onAnswer) onAnswer();
      else client.write(data);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy: Proxy = {
    url: url.href,
    breakAt: undefined,
    shut: () => {
      isShut = true;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    open: () => {
      isShut = false;
    },
  };
  onTestFinished(() => {
    proxy.shut();
    server.close();
  });
  return proxy;
}
