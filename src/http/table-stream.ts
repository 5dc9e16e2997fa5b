/**
 * The A2C table as text, a piece at a time: a million entries never stand in memory at once, and
 * others run between two pieces.
 */
import { Readable } from "node:stream";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { A2cEntry, CNodeId, Volume } from "../core/model.ts";

const ENTRIES_PER_PIECE = 1000;

/** Entries as JSON, some of them at a time. */
export type Pieces = Iterable<readonly string[]> | AsyncIterable<readonly string[]>;

/** The rows of some volumes in volume and address order, of one C-node where it is named. */
export function* tableRows(
  volumes: Iterable<Volume>,
  owner: CNodeId | undefined,
): IterableIterator<A2cEntry> {
  for (const { id: volumeId, map } of volumes) {
    for (const range of map.ranges()) {
      if (owner === undefined || range.cNodeId === owner) yield { volumeId, ...range };
    }
  }
}

/** `{…heading, "entries": […]}` */
export function jsonTable(heading: object, pieces: Pieces): Readable {
  return Readable.from(jsonText(heading, pieces));
}

/** One row a line. */
export function ndjsonTable(pieces: Pieces): Readable {
  return Readable.from(
    (async function* () {
      for await (const piece of pieces) {
        yield `${piece.join("\n")}\n`;
        await letOthersRun();
      }
    })(),
  );
}

async function* jsonText(heading: object, pieces: Pieces): AsyncIterableIterator<string> {
  yield `${JSON.stringify(heading).slice(0, -1)},"entries":[`;
  let separator = "";
  for await (const piece of pieces) {
    yield separator + piece.join(",");
    separator = ",";
    await letOthersRun();
  }
  yield "]}";
}

export function* piecesOf(rows: Iterable<A2cEntry>): IterableIterator<readonly string[]> {
  let piece: string[] = [];
  for (const row of rows) {
    piece.push(JSON.stringify(row));
    if (piece.length < ENTRIES_PER_PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
