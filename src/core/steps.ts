/**
 * Long computations as generators: whoever takes the steps can let others run in between. The
 * core stays pure, and what it computes is the same however it is taken.
 */
export type Steps<T> = Generator<void, T>;

/** Tells when so much is done that it is time for a pause: counts on through parts of a whole. */
export class Pace {
  readonly #perStep: number;
  #done = 0;

  constructor(perStep: number) {
    this.#perStep = perStep;
  }

  /** So many things more are done. */
  isTimeForPause(count = 1): boolean {
    this.#done += count;
    if (this.#done < this.#perStep) return false;
    this.#done = 0;
    return true;
  }
}

/** Takes all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
