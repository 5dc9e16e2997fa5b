import type { Logger } from "pino";

/** What is read from files at the start, and again on SIGHUP; bad files change nothing. */
export class FromFiles<T> {
  readonly #what: string;
  readonly #read: () => T;
  current: T;

  /** `what` is a plural, for the log; `read` throws an error that names the file. */
  constructor(what: string, read: () => T) {
    this.#what = what;
    this.#read = read;
    this.current = read();
  }

  reread(logger: Logger): void {
    try {
      this.current = this.#read();
      logger.info(`${this.#what} reread`);
    } catch (error) {
      logger.error(`${(error as Error).message}; the ${this.#what} stay as they were`);
    }
  }
}
