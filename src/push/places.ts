/** A bound on what is held open at once, where nobody is kept waiting for a place. */
import { Refusal, type RefusalCode, type RefusalDetails } from "../core/errors.ts";

/** Gives the place back; calling it again does nothing. */
export type Leave = () => void;

export interface PlacesOptions {
  readonly countMax: number;
  /** What is told to who finds none free. */
  readonly code: RefusalCode;
  readonly refusal: RefusalDetails;
}

export class Places {
  readonly #options: PlacesOptions;
  #taken = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Takes a place, or throws the refusal. */
  take(): Leave {
    const { countMax, code, refusal } = this.#options;
    if (this.#taken >= countMax) throw new Refusal(code, refusal);
    this.#taken++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken--;
    };
  }
}
