/**
 * Reading snapshots: so many at once, and each within a time that follows its size. Whoever reads
 * takes the one buffer there is by reference, so a thousand that come back at once cost sockets,
 * not memory; and one that reads a byte a minute must not keep the others out.
 */
import type { Clock } from "../core/clock.ts";
import { Places } from "./places.ts";
import type { Snapshot } from "./snapshots.ts";

/** Whatever its size, a read has so long; and beyond it what this rate takes. */
const READ_MS_MIN = 30_000;
const READ_BYTES_PER_MS_MIN = 64;

export interface SnapshotRead {
  /** The encoded message, compressed; shared, never written to. */
  readonly gzip: Uint8Array;
  /** Aborted when the reader has taken too long. */
  readonly late: AbortSignal;
}

export interface SnapshotReadsParts {
  readonly clock: Clock;
  /** How many may read at once. */
  readonly readsMax: number;
}

export class SnapshotReads {
  readonly #clock: Clock;
  readonly #places: Places;

  constructor({ clock, readsMax }: SnapshotReadsParts) {
    this.#clock = clock;
    this.#places = new Places({
      countMax: readsMax,
      code: "too-many-snapshot-reads",
      refusal: {
        detail: `${readsMax} snapshots are being read already`,
        correction: "Fetch it again a little later; the same snapshot is there",
      },
    });
  }

  /** Begins a read, which is over when `reader` is aborted; refused where too many read. */
  async begin(snapshot: Promise<Snapshot>, reader: AbortSignal): Promise<SnapshotRead> {
    const leave = this.#places.take();
    whenAborted(reader, leave);
    const gzip = await (await snapshot).gzip();
    const late = new AbortController();
    const readMsMax = READ_MS_MIN + Math.ceil(gzip.length / READ_BYTES_PER_MS_MIN);
    const cancel = this.#clock.after(readMsMax, () => {
      late.abort(new Error(`a snapshot was not read within ${readMsMax} ms`));
    });
    whenAborted(reader, cancel);
    return { gzip, late: late.signal };
  }
}

function whenAborted(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener("abort", call, { once: true });
}
