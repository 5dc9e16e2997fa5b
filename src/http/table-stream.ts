/**
 * The A2C table as text, a piece at a time: a million entries never stand in memory at once, and
 * others run between two pieces.
 */
import { Readable } from "node:stream";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { A2cEntry, CNodeId, Volume } from "../core/model.ts";

const ENTRIES_PER_PIECE = 1000;

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
export function jsonTable(heading: object, rows: Iterable<A2cEntry>): Readable {
  return Readable.from(jsonPieces(heading, rows));
}

/** One row a line. */
export function ndjsonTable(rows: Iterable<A2cEntry>): Readable {
  return Readable.from(
    (async function* () {
      for await (const piece of pieces(rows)) yield `${piece.join("\n")}\n`;
    })(),
  );
}

async function* jsonPieces(
  heading: object,
  rows: Iterable<A2cEntry>,
): AsyncIterableIterator<string> {
  yield `${JSON.stringify(heading).slice(0, -1)},"entries":[`;
  let separator = "";
  for await (const piece of pieces(rows)) {
    yield separator + piece.join(",");
    separator = ",";
  }
  yield "]}";
}

async function* pieces(rows: Iterable<A2cEntry>): AsyncIterableIterator<string[]> {
  let piece: string[] = [];
  for (const row of rows) {
    piece.push(JSON.stringify(row));
    if (piece.length < ENTRIES_PER_PIECE) continue;
    yield piece;
    piece = [];
    await letOthersRun();
  }
  if (piece.length > 0) yield piece;
}
