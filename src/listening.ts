import type { Config } from "./config.ts";
import type { App } from "./http/app.ts";
import { StartError } from "./start-error.ts";

/**
 * Connections that the kernel holds until they are taken on, as far as it allows (somaxconn). One
 * that finds no room is not refused: its client tries again after 1 s, 2 s, 4 s, a probe too.
 */
const BACKLOG = 8_192;

/** Answers the address; a `StartError` says why there is none. */
export async function listen(app: App, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new StartError(
        `PORT=${port}: the port is in use on ${host}: stop the other program or choose another PORT`,
      );
    }
    throw new StartError(`HOST=${host} PORT=${port}: cannot listen: ${message}`);
  }
}

/** Where the service is reached: as configured, or where it listens, once it does. */
export class Listening {
  readonly known: Promise<string>;
  is: (address: string) => void = () => {};

  constructor(configured: string | undefined) {
    this.known =
      configured === undefined
        ? new Promise((resolve) => {
            this.is = resolve;
          })
        : Promise.resolve(configured);
  }
}
