/** A whole map as a caller sends it: parsed here where it is small, in a thread where it is not. */
import { type MapEntries, sortEntries } from "../core/decisions/map-entries.ts";
import type { Threads } from "../threads/threads.ts";
import type { MapBodyOutcome } from "./map-body-thread.ts";
import { parse } from "./parse.ts";
import { HttpProblem, malformedJson } from "./problems.ts";
import { mapPut } from "./schemas/tables.ts";

/** Below this, parsing takes no longer than a few milliseconds. */
const IN_PLACE_BYTES_MAX = 256 * 1024;

/** Throws the problem that is to be answered where the body is not as documented. */
export async function parseMapBody(threads: Threads, body: Uint8Array): Promise<MapEntries> {
  if (body.length <= IN_PLACE_BYTES_MAX) return mapEntriesOf(body);
  const bytes = new Uint8Array(body);
  const outcome = await threads.run<MapBodyOutcome>("http/map-body-thread.js", bytes, [
    bytes.buffer,
  ]);
  if ("entries" in outcome) return outcome.entries;
  const { status, code, detail, correction, errors } = outcome.problem;
  throw new HttpProblem(status, code, { detail, correction, errors });
}

export function mapEntriesOf(body: Uint8Array): MapEntries {
  const { entries } = parse(mapPut, jsonOf(body), "body") as ReturnType<typeof mapPut.parse>;
  return sortEntries(entries);
}

function jsonOf(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8"));
  } catch (error) {
    throw malformedJson((error as Error).message);
  }
}
