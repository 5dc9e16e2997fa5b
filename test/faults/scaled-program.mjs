/**
 * The compiled service as a process that can be killed, with a clock that runs so many times
 * faster: its time-outs and pauses are those of the product, and a test need not sit them out.
 */
import { pino } from "pino";
import { readConfig } from "../../dist/config.js";
import { createService } from "../../dist/service.js";

const speed = Number(process.env.CLOCK_SPEED);
const start = Number(process.env.CLOCK_START);

const service = await createService({
  config: readConfig(process.env),
  logger: pino({ level: "info" }),
  clock: {
    now: () => Math.floor(start + (Date.now() - start) * speed),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs / speed);
      return () => clearTimeout(timer);
    },
  },
  random: Math.random,
  onFailure: (error) => {
    throw error;
  },
});
await service.start();
