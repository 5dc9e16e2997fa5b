/**
 * What the rows of changed maps do to the digest: at once where they are few, in threads where a
 * million of them would take a second. In whichever order and parts, the digest is the same.
 */
import { availableParallelism } from "node:os";
import { digestOfMaps, type MapRows, rowCount, rowsOf } from "../core/changed-rows.ts";
import type { MapChange } from "../core/changes.ts";
import { combined, type Digest } from "../core/digest.ts";
import type { CNodeId } from "../core/model.ts";
import { Numbering } from "../core/numbering.ts";
import { columnBuffers, type RangeColumns, rangeCount } from "../core/ranges.ts";
import { Pace, type Steps } from "../core/steps.ts";
import { withPauses } from "../threads/pauses.ts";
import type { Threads } from "../threads/threads.ts";

/** Of fewer rows a thread takes as long to begin as they do. */
const ROWS_IN_PLACE_MAX = 200_000;
/** More than these bring little, and each takes memory of its own. */
const THREADS_MAX = 4;

export interface DigesterParts {
  readonly threads: Pick<Threads, "runBeside">;
  /** Called when a thread is lost; what it was to do is done without. */
  readonly onLost: (error: unknown) => void;
}

export class Digester {
  readonly #parts: DigesterParts;
  readonly #count = Math.min(availableParallelism(), THREADS_MAX);

  constructor(parts: DigesterParts) {
    this.#parts = parts;
  }

  /** To be asked for one change after another. */
  async digestOf(maps: readonly MapChange[]): Promise<Digest> {
    const rows = maps.reduce((sum, change) => sum + rowCount(change), 0);
    if (rows > ROWS_IN_PLACE_MAX) {
      const digest = await this.#inThreads(maps, Math.ceil(rows / this.#count));
      if (digest) return digest;
    }
    return withPauses(digestOfMaps(maps));
  }

  /** Undefined where a thread is lost. */
  async #inThreads(maps: readonly MapChange[], rowsPerPart: number): Promise<Digest | undefined> {
    const parts = await withPauses(partsOf(maps, rowsPerPart));
    const asked = parts.map((part, place) => {
      const transfer = part.flatMap(({ ranges }) => columnBuffers(ranges));
      const file = "digester/digest-thread.js";
      return this.#parts.threads.runBeside<Digest>(file, place, part, transfer);
    });
    // All of them have answered before any is asked again, whatever has become of the others.
    const answers = await Promise.allSettled(asked);
    const lost = answers.find((answer) => answer.status === "rejected");
    if (lost) {
      this.#parts.onLost(lost.reason);
      return undefined;
    }
    return combined(...(await Promise.all(asked)));
  }
}

/** Rows that are copied in one step, some milliseconds' worth. */
const ROWS_PER_STEP = 100_000;

/** Copies in parts of so many rows. */
function* partsOf(maps: readonly MapChange[], rowsPerPart: number): Steps<MapRows[][]> {
  const parts: MapRows[][] = [];
  let [part, room, owners]: [MapRows[], number, Numbering<CNodeId>] = [[], 0, new Numbering()];
  const pace = new Pace(ROWS_PER_STEP);
  for (const { volumeId, ranges } of maps.flatMap(rowsOf)) {
    for (let from = 0; from < rangeCount(ranges); ) {
      if (room === 0) {
        [part, room, owners] = [[], rowsPerPart, new Numbering()];
        parts.push(part);
      }
      const to = Math.min(from + room, from + ROWS_PER_STEP, rangeCount(ranges));
      part.push({ volumeId, ranges: copyOf(ranges, from, to, owners) });
      const copied = to - from;
      room -= copied;
      from = to;
      if (pace.isTimeForPause(copied)) yield;
    }
  }
  return parts;
}

/** Their owners numbered for the whole part: a hundred volumes may name the same ten thousand. */
function copyOf(
  { firstLba, lastLba, owner, owners }: RangeColumns,
  from: number,
  to: number,
  numbering: Numbering<CNodeId>,
): RangeColumns {
  const numbers = numbering.numbersOf(owners);
  const numbered = owner.slice(from, to);
  for (let i = 0; i < numbered.length; i++) numbered[i] = numbers.at(numbered[i]!);
  return {
    firstLba: firstLba.slice(from, to),
    lastLba: lastLba.slice(from, to),
    owner: numbered,
    owners: numbering.values,
  };
}
