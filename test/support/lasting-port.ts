import { createServer } from "node:net";

/** Below those that systems give out themselves. */
const PORTS = { first: 10_000, count: 20_000 };
/** Each process that runs tests has a share, since a port looks free while its owner is away. */
const SHARES = 40;
const SHARE = PORTS.count / SHARES;
const first = PORTS.first + (Number(process.env.VITEST_POOL_ID) % SHARES) * SHARE;
let next = Math.floor(Math.random() * SHARE);

/**
 * A port for a program that is begun anew on it, again and again. One that the system gave out may
 * be given to any connection while the program is away, even to one that is meant to reach it, and
 * the next start would find it in use.
 */
export async function lastingPort(): Promise<string> {
  for (;;) {
    const port = first + (next++ % SHARE);
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
