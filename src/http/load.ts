/**
 * What is taken on when more comes than can be served. Who would come too late is refused within a
 * second, with 429 or 503 and `Retry-After`, so that those who are served are served in time. Probes
 * and what storage servers say are taken on as long as there is a process (`vital`).
 */
import type { Load as Kind } from "./endpoint.ts";
import { HttpProblem } from "./problems.ts";
import { Turns } from "./turns.ts";

export interface LoadBounds {
  /** Calls that are being worked on, all callers together. */
  readonly callsMax?: number;
  /** The same, of one caller. */
  readonly callerCallsMax?: number;
  /** Of one caller: calls that take long where the tables are large, as long as they are. */
  readonly heavyCallsMax?: number;
  /** Bodies of over 1 MiB, or of unknown length where they may be so large, at once. */
  readonly largeBodiesMax?: number;
  /** Whoever has waited for so long to be begun is refused. */
  readonly waitMsMax?: number;
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
  readonly #turns = new Turns();
  #running = 0;
  #largeBodies = 0;

  constructor({
    areTablesLarge,
    callsMax = 4_000,
    callerCallsMax = 2_000,
    heavyCallsMax = 32,
    largeBodiesMax = 8,
    waitMsMax = 1_000,
  }: LoadParts) {
    this.areTablesLarge = areTablesLarge;
    this.#bounds = {
      ...{ callsMax, callerCallsMax, heavyCallsMax, largeBodiesMax, waitMsMax },
    };
  }

  /** How many calls are being worked on, but for vital ones. */
  get running(): number {
    return this.#running;
  }

  /** To be called with each connection. */
  connectionCame(): void {
    this.#turns.connectionCame();
  }

  /**
   * Before anything is known of the call: goes on with it when its turn has come, with a refusal
   * where that took long.
   */
  take(goOn: (refusal?: HttpProblem) => void): void {
    this.#turns.take((waitedMs) => {
      goOn(waitedMs > this.#bounds.waitMsMax ? overloaded() : undefined);
    });
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
