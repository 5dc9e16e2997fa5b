/** The revisions as they are told after each start, one after another and each once. */
import type { Caller } from "./caller.ts";
import { BEGINNING, type Found } from "./subjects.ts";

const PAGE = 1000;

interface Heading {
  readonly revision: number;
  readonly reason?: string;
}

export class History {
  #known = 0;
  readonly #reasons = new Map<string, number>();

  /** Reads what has come since; what is wrong with it, in words. */
  async readOn(caller: Caller): Promise<string[]> {
    const fresh = await this.#fresh(caller);
    const mistakes: string[] = [];
    if (await this.#isPruned(caller)) this.#known = (fresh[0]?.revision ?? 1) - 1;
    for (const { revision, reason } of fresh) {
      if (revision !== this.#known + 1) mistakes.push(`${revision} follows ${this.#known}`);
      this.#known = revision;
      if (reason === undefined) continue;
      const before = this.#reasons.get(reason);
      if (before !== undefined) mistakes.push(`"${reason}" was done in ${before} and ${revision}`);
      this.#reasons.set(reason, revision);
    }
    return mistakes;
  }

  lastReason(prefix: string): Found {
    const found = [...this.#reasons].filter(([reason]) => reason.startsWith(prefix)).at(-1);
    return found ? { content: found[0], revision: found[1] } : { content: BEGINNING };
  }

  /** Whether there is a next one that is not told any more. */
  async #isPruned(caller: Caller): Promise<boolean> {
    return (await caller.read(`/v1/revisions/${this.#known + 1}`)).status === 410;
  }

  async #fresh(caller: Caller): Promise<Heading[]> {
    const fresh: Heading[] = [];
    for (let pageToken = ""; ; ) {
      const query = pageToken === "" ? "" : `&pageToken=${pageToken}`;
      const { body } = await caller.read(`/v1/revisions?limit=${PAGE}${query}`);
      const items: Heading[] = body.items;
      fresh.push(...items.filter(({ revision }) => revision > this.#known));
      if (body.nextPageToken === undefined || (items.at(-1)?.revision ?? 0) <= this.#known) break;
      pageToken = body.nextPageToken;
    }
    return fresh.reverse();
  }
}
