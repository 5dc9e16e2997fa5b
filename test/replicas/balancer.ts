/** What stands before the replicas: each connection goes to the next one that takes it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Balancer {
  readonly url: string;
  close(): void;
}

export async function startBalancer(ports: () => readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer({ pauseOnConnect: true }, (client) => {
    hold(client);
    const all = ports();
    const first = turn++;
    const attempt = (n: number): void => {
      if (n === all.length) return void client.destroy();
      const replica = connect(all[(first + n) % all.length]!, "127.0.0.1");
      hold(replica);
      replica.once("connect", () => {
        replica.removeListener("error", next);
        replica.on("error", () => client.destroy());
        client.pipe(replica).pipe(client);
        client.resume();
      });
      const next = () => attempt(n + 1);
      replica.once("error", next);
      client.on("close", () => replica.destroy());
      replica.on("close", (hadError) => hadError || client.destroy());
    };
    client.on("error", () => client.destroy());
    attempt(0);
  });
  function hold(socket: Socket): void {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
