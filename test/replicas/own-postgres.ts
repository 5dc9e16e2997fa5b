/** A PostgreSQL that one test has for itself, since it makes it crash. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";

const SCRIPT = fileURLToPath(new URL("../../scripts/with-postgres.sh", import.meta.url));
const run = promisify(execFile);

export interface OwnPostgres {
  readonly url: string;
  /** Has it crash and recover. */
  restart(): Promise<void>;
  rows(text: string): Promise<readonly unknown[][]>;
  close(): Promise<void>;
}

export async function startPostgres(): Promise<OwnPostgres> {
  // It runs as long as something is to be read.
  const tell = 'echo "$TEST_POSTGRES_URL"; echo "$TEST_POSTGRES_RESTART"; cat';
  const server = spawn("bash", [SCRIPT, "bash", "-c", tell], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const [url, restart] = [(await lines.next()).value, (await lines.next()).value];
  if (!url || !restart) throw new Error("PostgreSQL has not started");
  // One connection, since it is asked all the time; the one that a crash has cut is replaced.
  const looking = new pg.Pool({ connectionString: url, max: 1 });
  looking.on("error", () => undefined);
  return {
    url,
    restart: async () => {
      await run(restart, { timeout: 60_000 });
    },
    rows: async (text) => (await looking.query({ text, rowMode: "array" })).rows,
    close: async () => {
      await looking.end();
      const ended = once(server, "exit");
      server.stdin.end();
      await ended;
    },
  };
}
