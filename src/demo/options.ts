/** What the demo is asked for on its command line. */
import { parseArgs } from "node:util";
import { FIGURE_4, type Layout, layoutOf } from "../simulator/layout.ts";

export interface DemoOptions {
  readonly layout: Layout;
  readonly title: string;
  readonly replication: "synchronous" | "asynchronous";
  readonly json: boolean;
}

export const USAGE = `npm run demo -- [options]

  --servers N --processes N --links N --volumes N   a larger system than that of FIG. 4
  --async                                           replicate at recovery points, not with each write
  --json                                            for machines`;

const COUNT_MAX = 64;

/** Throws an `Error` that names the option and what it takes. */
export function readOptions(args: readonly string[]): DemoOptions {
  const count = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ servers: count, processes: count, links: count, volumes: count },
      async: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const { servers, processes, links, volumes, async = false, json = false } = values;
  const isOwn = [servers, processes, links, volumes].some((value) => value !== undefined);
  const processCount = countOf("processes", processes ?? servers ?? "3");
  const size = {
    servers: countOf("servers", servers ?? String(processCount)),
    processes: processCount,
    links: countOf("links", links ?? String(Math.max(2, Math.floor(processCount / 3)))),
    volumes: countOf("volumes", volumes ?? "1"),
  };
  const own = `${size.servers} servers, ${size.processes} processes, ${size.links} links`;
  return {
    layout: isOwn ? layoutOf(size) : FIGURE_4,
    title: isOwn ? own : "FIG. 4: three processes, two links",
    replication: async ? "asynchronous" : "synchronous",
    json,
  };
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= COUNT_MAX) return count;
  throw new Error(`--${name} takes a number from 1 to ${COUNT_MAX}, not ${text}`);
}
