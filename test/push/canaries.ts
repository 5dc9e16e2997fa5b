/** Sockets that really listen: one where callbacks may go, and canaries where they may not. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Place } from "./spellings.ts";

/** In both families. */
const HERE = ["127.0.0.1", "::ffff:7f00:1"];
const CANARY_ADDRESSES = ["127.0.0.2", "127.255.255.254", "::1"];

export interface Canaries extends Place {
  /** Connections that came to the allowed place. */
  readonly arrivals: string[];
  /** Connections that came, or were tried, anywhere else. */
  readonly strays: string[];
}

export async function listenEverywhere(listener: RequestListener): Promise<Canaries> {
  const arrivals: string[] = [];
  const strays: string[] = [];
  const here = createServer(listener);
  here.on("connection", ({ localAddress }: Socket) => void arrivals.push(String(localAddress)));
  const port = await listen(here, { host: "127.0.0.1", port: 0 });
  const canary = () =>
    createTcpServer((socket) => {
      strays.push(`arrived at ${socket.localAddress}, port ${socket.localPort}`);
      socket.destroy();
    });
  for (const host of CANARY_ADDRESSES) await listen(canary(), { host, port });
  const otherPort = await listen(canary(), { host: "127.0.0.1", port: 0 });
  watchAttempts((address, to) => {
    if (!HERE.includes(address) || to !== port) strays.push(`tried ${address}, port ${to}`);
  });
  return { port, otherPort, arrivals, strays };
}

/** Also where no test can listen: whatever Node tries to connect to. */
function watchAttempts(tried: (address: string, port: number) => void): void {
  const watch = (message: unknown) => {
    (message as { socket: Socket }).socket.on("connectionAttempt", tried);
  };
  subscribe("net.client.socket", watch);
  onTestFinished(() => void unsubscribe("net.client.socket", watch));
}

async function listen(
  server: Server | ReturnType<typeof createTcpServer>,
  at: { host: string; port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, resolve);
  });
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  );
  return (server.address() as AddressInfo).port;
}
