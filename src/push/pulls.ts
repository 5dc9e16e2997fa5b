/** What a server that asks for updates itself is answered with (distribution, pull). */
import { type Head, type Step, stepFrom } from "../core/delivery-state.ts";
import { Places } from "./places.ts";
import type { Waiters } from "./waiters.ts";

/** Where a server says it is when it asks. */
export interface PullPosition {
  readonly generation: number;
  readonly after: number;
  /** What it knows to be settled, where it wants to be told of more. */
  readonly settledRevision?: number | undefined;
}

/** The way from there to the head; nothing when it has all there is. */
export function pullStep(position: PullPosition, head: Head): Step | undefined {
  const { generation, after, settledRevision } = position;
  if (generation !== head.generation || after > head.revision) return stepFrom(undefined, head);
  if (after < head.revision) return stepFrom(after, head);
  if (settledRevision === undefined || settledRevision >= head.settledRevision) return undefined;
  return { kind: "settled", revision: head.revision, settledRevision: head.settledRevision };
}

/** How long a server is willing to wait, in milliseconds, unless it goes away before. */
export interface PullWait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface PullsParts {
  readonly waiters: Waiters;
  /** How many may wait at once. */
  readonly waitingMax: number;
  readonly head: () => Head;
  /** The body of the message for a step to the head of the moment. */
  readonly bodyOf: (step: Step) => Promise<Uint8Array>;
}

export class Pulls {
  readonly #parts: PullsParts;
  readonly #places: Places;

  constructor(parts: PullsParts) {
    this.#parts = parts;
    this.#places = new Places({
      countMax: parts.waitingMax,
      code: "too-many-pulls",
      refusal: {
        detail: `${parts.waitingMax} pulls are waiting already`,
        correction: "Try again later, or pull with waitSeconds=0",
      },
    });
  }

  /**
   * The message for a server at `position` as soon as there is one, nothing when the time is up.
   * Who would have to wait is refused where too many do.
   */
  async next(
    position: PullPosition,
    { timeoutMs, signal }: PullWait,
  ): Promise<Uint8Array | undefined> {
    const { waiters, head, bodyOf } = this.#parts;
    const ask = () => pullStep(position, head());
    const leave = timeoutMs > 0 && !ask() ? this.#places.take() : () => {};
    const step = await waiters.wait(ask, timeoutMs, signal).finally(leave);
    // The head may have moved since: it is then the head's message that is wanted.
    const due = step && ask();
    return due && bodyOf(due);
  }
}
