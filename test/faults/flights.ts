/**
 * What is under way over real sockets and threads, so that virtual time stands still for as long
 * as anything happens by itself. A message that the fault layer holds back waits for time only.
 */
import { setImmediate as letOthersRun } from "node:timers/promises";

/** A message from when the service sends it until it has an answer, or has given it up. */
interface Flight {
  held: boolean;
}

/** Turns of the event loop without news, after which only time can bring any. */
const QUIET_TURNS = 4;
/** Turns in which a sender that gives a message up has long done so. */
const GIVE_UP_TURNS = 2000;

export class Flights {
  readonly #flights = new Map<string, Flight>();
  #works = 0;
  #begun = 0;
  #changed = (): void => {};

  begin(): string {
    const id = String(++this.#begun);
    this.#flights.set(id, { held: false });
    return id;
  }

  end(id: string): void {
    this.#flights.delete(id);
    this.#changed();
  }

  /** Nothing happens to it by itself any more. A flight that is not known, or over, is let be. */
  hold(id: string): void {
    const flight = this.#flights.get(id);
    if (flight) flight.held = true;
    this.#changed();
  }

  resume(id: string): void {
    const flight = this.#flights.get(id);
    if (flight) flight.held = false;
  }

  /** Its time is up: whether it ends, as it must, without any more time passing. */
  async isGivenUp(id: string): Promise<boolean> {
    this.resume(id);
    for (let turns = 0; turns < GIVE_UP_TURNS && this.#flights.has(id); turns++) {
      await letOthersRun();
    }
    const isOver = !this.#flights.has(id);
    this.hold(id);
    return isOver;
  }

  /** Counts work that is no message. */
  async work<T>(promise: Promise<T>): Promise<T> {
    this.#begun++;
    this.#works++;
    try {
      return await promise;
    } finally {
      this.#works--;
      this.#changed();
    }
  }

  /** Resolves when nothing happens unless time passes. */
  async untilQuiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      const before = this.#begun;
      if (!this.#isQuiet()) await this.#change();
      await letOthersRun();
      if (!this.#isQuiet() || this.#begun !== before) turns = -1;
    }
  }

  #isQuiet(): boolean {
    return this.#works === 0 && [...this.#flights.values()].every(({ held }) => held);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
