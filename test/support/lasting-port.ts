import { createServer } from "node:net";

/** Below those that systems give out themselves. */
const PORTS = { first: 10_000, count: 20_000 };

/**
 * A port for a program that is begun anew on it, again and again. One that the system gave out may
 * be given to any connection while the program is away, even to one that is meant to reach it, and
 * the next start would find it in use.
 */
export async function lastingPort(): Promise<string> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return `${port}`;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
