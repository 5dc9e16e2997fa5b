/** The program under strace and under load, in two lives: one that is killed, one that is ended. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Caller } from "../crash/caller.ts";
import { SERVERS, subjects, topology } from "../crash/subjects.ts";
import { startUnder, untilListening } from "../support/program.ts";
import { type Event, readTrace, TRACE } from "./trace.ts";

const NORMAL = fileURLToPath(new URL("normal.mjs", import.meta.url));
const WRITES_PER_WRITER = 20;
/** One transaction of many pages. */
const LARGE_MAP_ROWS = 5_000;

export interface Recording {
  readonly events: readonly Event[];
  /** As it is in the end. */
  readonly databaseFile: string;
}

export async function record(
  directory: string,
  synchronous: "FULL" | "NORMAL",
): Promise<Recording> {
  const environment: Record<string, string> =
    synchronous === "NORMAL" ? { NODE_OPTIONS: `--import=${NORMAL}` } : {};
  const events: Event[] = [];
  for (const [life, signal] of (["SIGKILL", "SIGTERM"] as const).entries()) {
    const trace = join(directory, `${life}.strace`);
    const options = { cwd: directory, environment };
    const running = startUnder("strace", [...TRACE, "-o", trace], options);
    const { url, pid, ended } = await untilListening(running);
    await write(url, life);
    process.kill(pid, signal);
    await ended;
    events.push(...(await readTrace(trace, directory)));
  }
  return { events, databaseFile: join(directory, "data/evenkeel.db") };
}

async function write(url: string, life: number): Promise<void> {
  const caller = new Caller(url, () => {});
  const body = { ...topology, storageServers: SERVERS.map((id) => ({ id })) };
  await caller.demand({ method: "POST", path: "/v1/topology", body });
  await Promise.all(
    subjects().map(async (subject, i) => {
      for (let n = 0; n < WRITES_PER_WRITER; n++) {
        const count = life * WRITES_PER_WRITER + n;
        await caller.demand({ ...subject.change(count), key: n % 3 ? undefined : `${i}-${count}` });
      }
    }),
  );
  await caller.demand(largeMap(life));
  await caller.close();
}

/** A volume whose blocks are owned in turn. */
function largeMap(life: number) {
  const entries = Array.from({ length: LARGE_MAP_ROWS }, (_, i) => ({
    ...{ firstLba: i, lastLba: i },
    cNodeId: `c-${i % topology.processes.length}`,
  }));
  const body = { blockCount: LARGE_MAP_ROWS, entries };
  return { method: "PUT", path: `/v1/volumes/large-${life}`, body } as const;
}
