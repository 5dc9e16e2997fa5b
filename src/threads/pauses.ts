/** Long computations in this thread, with pauses in which the event loop serves others. */
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { Steps } from "../core/steps.ts";

/** A computation of a single step is taken at once. */
export async function withPauses<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await letOthersRun();
  }
}
