/**
 * Long computations as generators: whoever takes the steps can let others run in between. The
 * core stays pure, and what it computes is the same however it is taken.
 */
export type Steps<T> = Generator<void, T>;

/** Takes all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
