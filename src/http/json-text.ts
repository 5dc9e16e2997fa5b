/** JSON written a piece at a time: a large value never stands in memory as text. */
import { Readable } from "node:stream";
import { setImmediate as letOthersRun } from "node:timers/promises";

const ITEMS_PER_PIECE = 1000;
/** What comes in smaller pieces is gathered, so that they are not sent one by one. */
const CHARACTERS_MIN = 32 * 1024;

/** A list as text, some items at a time. */
export function* listText(items: Iterable<unknown>): IterableIterator<string> {
  let piece: string[] = [];
  let opening = "[";
  for (const item of items) {
    piece.push(JSON.stringify(item));
    if (piece.length < ITEMS_PER_PIECE) continue;
    yield opening + piece.join(",");
    opening = ",";
    piece = [];
  }
  if (piece.length > 0) yield opening + piece.join(",");
  yield piece.length === 0 && opening === "[" ? "[]" : "]";
}

/** Text as a stream, with pauses in which others run. */
export function inPieces(text: Iterable<string>): Readable {
  return Readable.from(withPauses(text));
}

async function* withPauses(text: Iterable<string>): AsyncIterableIterator<string> {
  let gathered = "";
  for (const piece of text) {
    gathered += piece;
    if (gathered.length < CHARACTERS_MIN) continue;
    yield gathered;
    gathered = "";
    await letOthersRun();
  }
  yield gathered;
}
