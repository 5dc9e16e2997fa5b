import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { isReadByOthers } from "./store/sqlite/private-file.ts";

/** What is served all the same. */
export function warnOfConfiguration({ tokensFile, database }: Config, logger: Logger): void {
  if (!tokensFile) logger.warn("no TOKENS_FILE: every caller on this machine is admin");
  if (database.engine !== "sqlite" || !isReadByOthers(database.file)) return;
  const { file } = database;
  logger.warn(`${file} can be read by others, and holds signing secrets: chmod 600 ${file}`);
}
