/** All open streams of events: a bound, one heartbeat for all of them, and an end. */
import type { Readable } from "node:stream";
import type { Clock } from "../core/clock.ts";
import type { Position } from "../core/delivery-record.ts";
import { Refusal } from "../core/errors.ts";
import { EventStream } from "./event-stream.ts";
import { Notices, type NoticesParts } from "./notices.ts";

const HEARTBEAT_INTERVAL_MS = 15_000;
const EVENT_STREAMS_MAX = 2_000;

export interface EventStreamsParts extends NoticesParts {
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void };
  /** How many streams may be open at once. */
  readonly eventStreamsMax?: number;
}

export class EventStreams {
  readonly #parts: EventStreamsParts;
  readonly #notices: Notices;
  readonly #streams = new Set<EventStream>();
  #cancelHeartbeat: (() => void) | undefined;
  #closed = false;

  constructor(parts: EventStreamsParts) {
    this.#parts = parts;
    this.#notices = new Notices(parts);
  }

  /**
   * The notices of all revisions after `from`, in their order, without end; where `from` is
   * absent or nothing is known of it, first a notice of the head. Refused when there are too many.
   */
  open(from: Position | undefined): Readable {
    const { eventStreamsMax = EVENT_STREAMS_MAX } = this.#parts;
    if (this.#streams.size >= eventStreamsMax) {
      throw new Refusal("too-many-streams", {
        detail: `${eventStreamsMax} streams of events are open already`,
        correction: "Try again later, or close a stream that is not needed",
      });
    }
    const stream = new EventStream({ from, after: (position) => this.#notices.after(position) });
    this.#streams.add(stream);
    stream.once("close", () => this.#streams.delete(stream));
    if (this.#closed) stream.finish();
    else this.#cancelHeartbeat ??= this.#beatLater();
    return stream;
  }

  /** To be called after every commit: a hint, of which the heartbeat is the guarantee. */
  wake(): void {
    for (const stream of this.#streams) stream.wake();
  }

  /** Ends all streams, and each that is opened afterwards. */
  close(): void {
    this.#closed = true;
    this.#cancelHeartbeat?.();
    for (const stream of this.#streams) stream.finish();
  }

  #beatLater(): () => void {
    return this.#parts.clock.after(HEARTBEAT_INTERVAL_MS, () => {
      for (const stream of this.#streams) {
        if (!stream.beat()) this.#parts.log.info({}, "a slow reader of events was dropped");
        stream.wake();
      }
      this.#cancelHeartbeat = this.#streams.size > 0 ? this.#beatLater() : undefined;
    });
  }
}
