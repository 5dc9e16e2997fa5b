/** The process: environment, signals, exit code. */
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { readConfig } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import { processRegistry } from "./metrics/registry.ts";
import { createService, type Service } from "./service.ts";
import { StartError } from "./start-error.ts";
import { StoreError } from "./store/store-error.ts";

const CLOSE_WITHIN_MS = 9_000;

const clock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

try {
  await run();
} catch (error) {
  if (!(error instanceof StartError || error instanceof StoreError)) throw error;
  process.stderr.write(`evenkeel: ${error.message}\n`);
  process.exit(1);
}

async function run(): Promise<void> {
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel });
  let service: Service | undefined;
  // Before anything is opened: as process 1 of a container, a signal that nobody handles is lost.
  closeWithGrace({ delay: CLOSE_WITHIN_MS, logger, skip: ["SIGHUP"] }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, "closing after a mistake of the service");
    else logger.info({ signal }, "closing");
    await service?.close();
    logger.info("closed");
  });
  process.on("SIGHUP", () => service?.reread());
  service = await createService({
    config,
    logger,
    clock,
    random: Math.random,
    registry: processRegistry(),
    onFailure: (error) => {
      // What the last write came to is unknown: a restart reads it back from the store.
      logger.fatal({ err: error }, "the store has failed; exiting so that a restart can recover");
      process.exit(1);
    },
  });
  await start(service);
}

async function start(service: Service): Promise<void> {
  try {
    await service.start();
  } catch (error) {
    await service.close();
    throw error;
  }
}
