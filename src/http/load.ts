/**
 * What is taken on when more comes than can be served. Who would come too late is refused at
 * once, with 429 or 503 and `Retry-After`, so that those who are served are served in time. Probes
 * and what storage servers say are taken on as long as there is a process (`vital`).
 */
import type { Load as Kind } from "./endpoint.ts";
import { HttpProblem } from "./problems.ts";

export interface LoadBounds {
  /** Calls that are being worked on, all callers together. */
  readonly callsMax?: number;
  /** The same, of one caller. */
  readonly callerCallsMax?: number;
  /** Of one caller: calls that take long where the tables are large, as long as they are. */
  readonly heavyCallsMax?: number;
  /** Bodies of over 1 MiB, or of unknown length where they may be so large, at once. */
  readonly largeBodiesMax?: number;
  /** So many calls are taken on in one turn of the event loop, however long it lasts. */
  readonly turnCallsMax?: number;
  /** After so long the rest of what it has brought is refused. */
  readonly turnMsMax?: number;
}

export interface LoadParts extends LoadBounds {
  /** Whether heavy calls take long now. */
  readonly areTablesLarge: () => boolean;
}

/** Gives the place back; calling it again does nothing. */
export type Leave = () => void;

export class Load {
  readonly areTablesLarge: () => boolean;
  readonly #bounds: Required<LoadBounds>;
  readonly #ofCallers: Readonly<Record<Kind, Map<string, number>>> = {
    ...{ vital: new Map(), ordinary: new Map(), heavy: new Map() },
  };
  readonly #turn = new Turn();
  #running = 0;
  #largeBodies = 0;

  constructor({
    areTablesLarge,
    callsMax = 4_000,
    callerCallsMax = 2_000,
    heavyCallsMax = 32,
    largeBodiesMax = 8,
    turnCallsMax = 500,
    turnMsMax = 500,
  }: LoadParts) {
    this.areTablesLarge = areTablesLarge;
    this.#bounds = {
      ...{ callsMax, callerCallsMax, heavyCallsMax, largeBodiesMax, turnCallsMax, turnMsMax },
    };
  }

  /** How many calls are being worked on, but for vital ones. */
  get running(): number {
    return this.#running;
  }

  /**
   * Before anything is known of the call: refuses it where this turn has brought many calls and
   * taken its time. A turn of a few that takes long is a hiccup, which the next one makes up for.
   */
  refuseLate(): void {
    const { calls, elapsedMs } = this.#turn.nextCall();
    const { turnCallsMax, turnMsMax } = this.#bounds;
    if (calls > turnCallsMax && elapsedMs > turnMsMax) throw overloaded();
  }

  /** Takes a call on, or refuses it. */
  begin(kind: Kind, caller: string): Leave {
    const { callsMax, callerCallsMax, heavyCallsMax } = this.#bounds;
    const counts = this.#ofCallers[kind];
    const count = counts.get(caller) ?? 0;
    const countMax = kind === "heavy" ? heavyCallsMax : callerCallsMax;
    if (count >= countMax) throw tooManyCalls(caller, countMax);
    if (kind !== "vital" && this.#running >= callsMax) throw overloaded();
    counts.set(caller, count + 1);
    if (kind !== "vital") this.#running++;
    return once(() => {
      const left = counts.get(caller)! - 1;
      if (left > 0) counts.set(caller, left);
      else counts.delete(caller);
      if (kind !== "vital") this.#running--;
    });
  }

  /** The same for a body that takes much memory. */
  beginLargeBody(): Leave {
    if (this.#largeBodies >= this.#bounds.largeBodiesMax) throw tooManyBodies(this.#largeBodies);
    this.#largeBodies++;
    return once(() => this.#largeBodies--);
  }
}

/** One turn of the event loop: all that came in meanwhile is dealt with before anything else. */
class Turn {
  #calls = 0;
  #begunMs = 0;

  nextCall(): { readonly calls: number; readonly elapsedMs: number } {
    const nowMs = performance.now();
    if (this.#calls === 0) {
      this.#begunMs = nowMs;
      setImmediate(() => {
        this.#calls = 0;
      });
    }
    this.#calls++;
    return { calls: this.#calls, elapsedMs: nowMs - this.#begunMs };
  }
}

function once(call: () => void): Leave {
  let left = false;
  return () => {
    if (!left) call();
    left = true;
  };
}

function overloaded(): HttpProblem {
  return new HttpProblem(503, "overloaded", {
    detail: "more is asked for than can be served",
    correction: "Try again after Retry-After, and ask for less at once",
  });
}

function tooManyCalls(caller: string, countMax: number): HttpProblem {
  return new HttpProblem(429, "too-many-calls", {
    detail: `${countMax} calls of this kind by ${caller} are being worked on already`,
    correction: "Wait for answers before asking for more",
  });
}

function tooManyBodies(countMax: number): HttpProblem {
  return new HttpProblem(503, "too-many-bodies", {
    detail: `${countMax} large bodies are being taken in already`,
    correction: "Try again after Retry-After; say the length of a body that is not large",
  });
}
