/**
 * The notices for one follower. It remembers a place in the history, never a queue: what comes
 * next is asked for when its reader has taken what came before. So a slow reader costs two steps
 * in memory at most, and one that is fast again goes on where it was.
 */
import { Readable } from "node:stream";
import type { Position } from "../core/delivery-record.ts";
import type { Told } from "./notices.ts";

/** What a browser waits before it connects again; it also sends the headers on their way. */
const OPENING = Buffer.from("retry: 1000\n\n");
const HEARTBEAT = Buffer.from(":\n\n");
/** So often in a row a reader may be found with something it has not taken. */
const STALLED_BEATS_MAX = 2;
/** After an hour it ends: whoever connects again has a token that counts still. */
const BEATS_MAX = 240;

export interface EventStreamParts {
  /** What comes after a place; nothing where that is the head. */
  readonly after: (position: Position | undefined) => Promise<Told> | undefined;
  /** Where the follower is; absent: it has just come. */
  readonly from: Position | undefined;
}

export class EventStream extends Readable {
  readonly #parts: EventStreamParts;
  #position: Position | undefined;
  /** The reader has taken all that it was given. */
  #taken = false;
  #asking = false;
  #stalledBeats = 0;
  #beats = 0;
  #finished = false;

  constructor(parts: EventStreamParts) {
    // With anything at all in the buffer nothing more is asked for.
    super({ highWaterMark: 1 });
    this.#parts = parts;
    this.#position = parts.from;
    this.push(OPENING);
  }

  override _read(): void {
    this.#taken = true;
    this.#stalledBeats = 0;
    this.wake();
  }

  /** To be called when there may be something new. */
  wake(): void {
    if (!this.#taken || this.#asking || this.#finished || this.destroyed) return;
    const told = this.#parts.after(this.#position);
    if (!told) return;
    this.#asking = true;
    told.then(
      (notices) => this.#tell(notices),
      (error: Error) => this.destroy(error),
    );
  }

  /** A sign of life; `false`: the reader is slow, and the stream has ended. */
  beat(): boolean {
    if (this.#finished || this.destroyed) return true;
    if (++this.#beats >= BEATS_MAX) this.finish();
    else if (this.#taken) this.#give(HEARTBEAT);
    else if (++this.#stalledBeats >= STALLED_BEATS_MAX) {
      this.destroy();
      return false;
    }
    return true;
  }

  /** Ends it after what was given; a reader that has stalled is not waited for. */
  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    if (this.#stalledBeats > 0) this.destroy();
    else this.push(null);
  }

  #tell({ position, bytes }: Told): void {
    this.#asking = false;
    if (this.#finished || this.destroyed) return;
    this.#position = position;
    // Nothing of this step concerned the tables.
    if (bytes.length === 0) this.wake();
    else this.#give(bytes);
  }

  #give(bytes: Uint8Array): void {
    this.#taken = false;
    this.push(bytes);
  }
}
