/** A whole map as a caller sends it: parsed here where it is small, in a thread where it is not. */
import type { MapEntries } from "../core/decisions/map-entries.ts";
import type { Intake, Threads } from "../threads/threads.ts";
import { MapBodyParser } from "./map-body-parser.ts";
import type { MapBodyOutcome } from "./map-body-thread.ts";
import { HttpProblem } from "./problems.ts";

/** Below this, parsing takes no longer than a few milliseconds. */
const IN_PLACE_BYTES_MAX = 256 * 1024;

/** Throws the problem that is to be answered where the body is not as documented. */
export async function parseMapBody(
  threads: Pick<Threads, "intake">,
  body: AsyncIterable<Uint8Array>,
): Promise<MapEntries> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let intake: Intake<MapBodyOutcome> | undefined;
  try {
    for await (const piece of body) {
      held.push(piece);
      bytes += piece.length;
      if (bytes <= IN_PLACE_BYTES_MAX) continue;
      intake ??= threads.intake<MapBodyOutcome>("http/map-body-thread.js");
      // Copies, because what is handed over may be a part of a buffer that others hold.
      for (const kept of held) await intake.write(new Uint8Array(kept));
      held = [];
    }
    return intake ? entriesOf(await intake.end()) : parseInPlace(held);
  } finally {
    // Whoever went away in the middle leaves nothing behind.
    intake?.abandon();
  }
}

function parseInPlace(pieces: readonly Uint8Array[]): MapEntries {
  const parser = new MapBodyParser();
  for (const piece of pieces) parser.push(piece);
  return parser.finish();
}

function entriesOf(outcome: MapBodyOutcome): MapEntries {
  if ("entries" in outcome) return outcome.entries;
  const { status, code, detail, correction, errors } = outcome.problem;
  throw new HttpProblem(status, code, { detail, correction, errors });
}
