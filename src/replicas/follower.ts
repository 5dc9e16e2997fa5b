/**
 * Follows what other processes write to the store: looks into it often, at once where a hint comes,
 * and tells each time what it held at that moment. Hints may get lost; the period is the guarantee.
 */
import type { Clock } from "../core/clock.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import { formatDigest } from "../core/digest.ts";
import { type News, takeIn } from "../core/news.ts";
import { soundStateOf } from "../core/sound-state.ts";
import type { StateRecords } from "../core/stored-state.ts";
import type { Look, Seen, SharedStore } from "../store/shared-store.ts";
import { StoreError } from "../store/store-error.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";

const LOOK_EVERY_MS = 250;

export interface FollowerParts {
  readonly shared: Pick<SharedStore, "look">;
  readonly committed: {
    readonly state: ClusterState;
    adopt(head: ClusterState): void;
  };
  readonly lease: Pick<LeaseKeeper, "term">;
  readonly clock: Clock;
  /** Called after each look. */
  readonly onSeen: (seen: Seen) => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** Called when the store is not the one that was followed, or can't be followed. */
  readonly onFailure: (error: Error) => void;
}

interface Asked {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Follower {
  readonly #parts: FollowerParts;
  #ledgerVersion = -1;
  #seenRevision = -1;
  /** When a look began that has succeeded. */
  #seenAt: number;
  #isReached = true;
  #asked: Asked | undefined;
  #wake: (() => void) | undefined;
  #isWoken = false;
  #closed = false;
  #running: Promise<void> | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#seenAt = parts.clock.now();
  }

  /** For how long nobody has looked into the store: what is known may be as old. */
  get ageMs(): number {
    return Math.max(0, this.#parts.clock.now() - this.#seenAt);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks soon. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Resolves after a look that has begun from now on; rejects where that was not possible. */
  look(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#asked ??= newAsked();
    this.wake();
    return this.#asked.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
    await this.#running;
    this.#asked?.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const asked = this.#asked;
      this.#asked = undefined;
      this.#isWoken = false;
      try {
        await this.#look();
        asked?.resolve();
      } catch (error) {
        asked?.reject(error);
        if (error instanceof StoreError) this.#told(false, error);
        else this.#fail(error as Error);
      }
      await this.#pause();
    }
  }

  async #look(): Promise<void> {
    const { shared, committed, lease, clock, onSeen } = this.#parts;
    const begunAt = clock.now();
    const base = committed.state;
    const { term } = lease;
    const look = await shared.look({
      revision: base.revision,
      ledgerVersion: this.#ledgerVersion,
      lossesRevision: this.#seenRevision,
    });
    if (this.#closed) return;
    const state = this.#stateAt(base, look);
    committed.adopt(state);
    this.#ledgerVersion = look.ledgerVersion;
    this.#seenRevision = state.revision;
    this.#seenAt = begunAt;
    this.#told(true);
    onSeen({ state, look, term: look.term === term ? term : undefined });
  }

  /** What the store held: it goes on from what is known here, or it is another one. */
  #stateAt(base: ClusterState, { head, news }: Look): ClusterState {
    const { clusterId, revision, digest } = base;
    const wentBack = head.clusterId !== clusterId || head.revision < revision;
    const isOther =
      head.revision === revision && formatDigest(head.digest) !== formatDigest(digest);
    if (wentBack || isOther) {
      throw new Error(
        `the database holds another history than the one that was followed: ` +
          `revision ${head.revision} of cluster ${head.clusterId}, where ${revision} was known`,
      );
    }
    // This process may have written it itself meanwhile.
    const { state } = this.#parts.committed;
    if (state.revision === head.revision) return state;
    if (!news) return base;
    if (isWay(news)) return takeIn(base, news);
    const found = soundStateOf(news);
    if ("state" in found) return found.state;
    throw new Error(`the store is damaged: ${found.broken}; restore a backup`);
  }

  #fail(error: Error): void {
    this.#closed = true;
    this.#parts.onFailure(error);
  }

  #told(isReached: boolean, error?: unknown): void {
    if (isReached === this.#isReached) return;
    this.#isReached = isReached;
    const { log } = this.#parts;
    if (isReached) log.info({}, "the store is within reach again");
    else log.warn({ err: error }, "the store is out of reach; reads go on from memory");
  }

  async #pause(): Promise<void> {
    if (this.#isWoken || this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(LOOK_EVERY_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

const isWay = (news: News | StateRecords): news is News => "toRevision" in news;

function newAsked(): Asked {
  let [resolve, reject] = [(): void => {}, (_error: unknown): void => {}];
  const promise = new Promise<void>((resolved, rejected) => {
    [resolve, reject] = [resolved, rejected];
  });
  // Whoever asked hears of it; nobody may have.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
