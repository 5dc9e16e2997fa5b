/** The calls under way, which an end waits for. */
export class Calls {
  readonly #running = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new Error("the store is closed");
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** The same, after those that were given here before. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.run(() => {
      const turn = this.#last.then(work);
      this.#last = turn.catch(() => undefined);
      return turn;
    });
  }

  /** Takes no more, and resolves when those under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
  }
}
