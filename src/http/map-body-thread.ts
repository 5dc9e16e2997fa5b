/** Parses large maps as they come, in a thread of its own. */
import type { MapEntries } from "../core/decisions/map-entries.ts";
import { columnBuffers } from "../core/ranges.ts";
import { serveIntakes } from "../threads/serve-intakes.ts";
import { MapBodyParser } from "./map-body-parser.ts";
import { HttpProblem, type Problem } from "./problems.ts";

export type MapBodyOutcome = { readonly entries: MapEntries } | { readonly problem: Problem };

serveIntakes<MapBodyOutcome>(() => {
  const parser = new MapBodyParser();
  return {
    push: (piece) => parser.push(piece),
    finish: () => {
      const result = outcomeOf(parser);
      return { result, transfer: "entries" in result ? buffersOf(result.entries) : [] };
    },
  };
});

function outcomeOf(parser: MapBodyParser): MapBodyOutcome {
  try {
    return { entries: parser.finish() };
  } catch (error) {
    if (error instanceof HttpProblem) return { problem: error.problem };
    throw error;
  }
}

function buffersOf({ ranges, places }: MapEntries): ArrayBuffer[] {
  return [...columnBuffers(ranges), places.buffer as ArrayBuffer];
}
