/** The clock of scaled-program.mjs in the test's own process, so that signatures are of now. */
import type { Clock } from "../../src/core/clock.ts";

/** A time-out of 10 s takes half a second. */
const SPEED = 20;
const START = Date.now();

export const clockEnvironment = { CLOCK_SPEED: String(SPEED), CLOCK_START: String(START) };

export const clock: Clock = {
  now: () => Math.floor(START + (Date.now() - START) * SPEED),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs / SPEED);
    return () => clearTimeout(timer);
  },
};
