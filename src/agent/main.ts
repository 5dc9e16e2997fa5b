/** The agent as a process of its own: a storage server that does nothing but follow the tables. */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import type { Clock } from "../core/clock.ts";
import { createAgent } from "./agent.ts";
import { type CallbackServer, listenForPushes } from "./callback-server.ts";
import { EnvironmentError, readAgentEnvironment } from "./environment.ts";
import type { Agent } from "./interface.ts";

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
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`evenkeel agent: ${error.message}\n`);
  process.exit(1);
}

async function run(): Promise<void> {
  const { callback, signingSecret, logLevel, ...config } = readAgentEnvironment(process.env);
  const logger = pino({ level: logLevel, base: { storageServerId: config.storageServerId } });
  let agent: Agent | undefined;
  let listening: CallbackServer | undefined;
  // Before anything is opened: as process 1 of a container, a signal that nobody handles is lost.
  closeWithGrace({ delay: CLOSE_WITHIN_MS, logger }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, "closing after a mistake of the agent");
    else logger.info({ signal }, "closing");
    await listening?.close();
    await agent?.close();
    logger.info("closed");
  });
  agent = createAgent({
    ...config,
    signingSecrets: [signingSecret],
    pulls: callback === undefined,
    clock,
    random: Math.random,
    onChange: () => logger.info(agent?.position(), "tables"),
    onWarning: (message, details) => logger.warn(details, message),
  });
  // Listens before it reports: the report makes the service push what is missing at once.
  if (callback) {
    listening = await listen(agent, callback);
    logger.info({ url: listening.url }, "listening for pushes");
  }
  await start(agent, config.stateFile);
}

async function listen(
  agent: Agent,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<CallbackServer> {
  try {
    return await listenForPushes(agent, port, host);
  } catch (error) {
    const where = `CALLBACK_HOST=${host}, CALLBACK_PORT=${port}`;
    throw new EnvironmentError(`${where}: cannot be listened at: ${(error as Error).message}`);
  }
}

async function start(agent: Agent, stateFile: string): Promise<void> {
  try {
    // A file that is not there yet is a new server; a directory that is not there is a mistake.
    await access(dirname(stateFile), constants.W_OK);
    await agent.start();
  } catch (error) {
    throw new EnvironmentError(`STATE_FILE=${stateFile}: ${(error as Error).message}`);
  }
}
