/** What a process adds where several of them share a store: it follows, and one distributes. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Clock } from "./core/clock.ts";
import type { CommitQueue } from "./operations/commit-queue.ts";
import type { HistoryKeeper } from "./operations/history-keeper.ts";
import type { LoadBook } from "./operations/load-book.ts";
import type { PusherParts } from "./push/pusher.ts";
import { SharedPusher } from "./push/shared-pusher.ts";
import { Follower } from "./replicas/follower.ts";
import { LeaseKeeper } from "./replicas/lease-keeper.ts";
import type { SharedStore } from "./store/shared-store.ts";

/** What storage servers measure is read again so often; it changes all the time. */
const LOADS_EVERY_MS = 5_000;

/** A process that follows the store is never as far behind as this. */
const AGE_TOLD_MS = 2_000;

export interface SharingParts {
  readonly shared: SharedStore;
  readonly commits: CommitQueue;
  readonly history: HistoryKeeper;
  readonly loads: LoadBook;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (error: Error) => void;
}

export interface Sharing {
  readonly pusher: SharedPusher;
  /** Whether it falls to this process, as far as it knows. */
  readonly distributes: boolean;
  /** How old what is known may be, where the store has been out of reach for some time. */
  readonly ageSeconds: number | undefined;
  /** Looks into the store soon. */
  wake(): void;
  /** To be called before the pusher starts. */
  start(): Promise<void>;
  /** Lets the next one distribute; to be called when the pusher is closed. */
  close(): Promise<void>;
}

export function shareStore(parts: SharingParts, pusherParts: PusherParts): Sharing {
  const { shared, commits, history, loads, clock, logger, onFailure } = parts;
  const wake = () => follower.wake();
  const holder = `${hostname()} ${randomUUID()}`;
  const lease = new LeaseKeeper({ shared, clock, holder, onChange: wake });
  const pusher: SharedPusher = new SharedPusher({
    ...pusherParts,
    ...{ shared, wake },
    state: () => commits.state,
    look: () => follower.look(),
  });
  let loadsReadAt = clock.now();
  const follower = new Follower({
    ...{ shared, lease, clock, onFailure },
    committed: commits,
    log: logger.child({ part: "replica" }),
    onSeen: (seen) => {
      history.floorIs(seen.look.floorRevision);
      pusher.saw(seen);
      if (clock.now() - loadsReadAt < LOADS_EVERY_MS) return;
      loadsReadAt = clock.now();
      // The follower tells of a store that is out of reach.
      loads.refresh().catch(() => undefined);
    },
  });
  return {
    pusher,
    get distributes() {
      return lease.term !== undefined;
    },
    get ageSeconds() {
      const { ageMs } = follower;
      return ageMs < AGE_TOLD_MS ? undefined : Math.floor(ageMs / 1000);
    },
    wake,
    start: async () => {
      shared.onHint(wake);
      await lease.start();
      follower.start();
    },
    close: async () => {
      await lease.close();
      await follower.close();
    },
  };
}
