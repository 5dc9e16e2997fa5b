/**
 * An engine carries out one call after another, so a crowd of readers would hold up every write
 * and every acknowledgement. Reads of what is kept take turns, a few at a time, and whatever else
 * is asked for goes between them.
 */
import type { Store } from "./store.ts";

const READS_MAX = 4;

/** The same store; what distribution and writes rest upon waits for no turn. */
export function withReadTurns(store: Store): Store {
  const turns = new ReadTurns();
  return {
    ...store,
    revisions: (page) => turns.take(() => store.revisions(page)),
    headings: (revisions) => turns.take(() => store.headings(revisions)),
    revision: (revision) => turns.take(() => store.revision(revision)),
    tablesAt: (revision) => turns.take(() => store.tablesAt(revision)),
    rangesAt: (revision, page) => turns.take(() => store.rangesAt(revision, page)),
    ownersOf: (address, page) => turns.take(() => store.ownersOf(address, page)),
    rebalance: (id) => turns.take(() => store.rebalance(id)),
    rebalances: (page) => turns.take(() => store.rebalances(page)),
    rebalanceMoves: (id, page) => turns.take(() => store.rebalanceMoves(id, page)),
    audit: (page) => turns.take(() => store.audit(page)),
  };
}

class ReadTurns {
  #free = READS_MAX;
  readonly #waiting: (() => void)[] = [];

  async take<T>(read: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
