/** A store in memory that several pushers share, and one process's way of looking into it. */
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import type { PusherParts } from "../../src/push/pusher.ts";
import { SharedPusher } from "../../src/push/shared-pusher.ts";
import type {
  Heard,
  HeardOf,
  LedgerWrite,
  Look,
  SharedStore,
} from "../../src/store/shared-store.ts";
import { FakeStore, partsWith } from "./fakes.ts";

export class FakeSharedStore
  extends FakeStore
  implements Pick<SharedStore, "recordUnder" | "hear">
{
  /** The last term; a test that raises it hands the lease over. */
  term = 0;
  heard: Heard[] = [];
  #version = 0;
  readonly #versions = new Map<StorageServerId, number>();
  #heardCount = 0;

  async recordUnder(term: number, write: LedgerWrite): Promise<"recorded" | "superseded"> {
    await this.beforeWrite();
    if (term !== this.term) return "superseded";
    this.#version++;
    for (const record of write.records) {
      this.ledger.set(record.storageServerId, record);
      this.#versions.set(record.storageServerId, this.#version);
    }
    const taken = new Set(write.taken.map(({ heardId }) => heardId));
    this.heard = this.heard.filter(({ heardId }) => !taken.has(heardId));
    return "recorded";
  }

  async hear(heard: HeardOf): Promise<string> {
    const heardId = `heard-${++this.#heardCount}`;
    const isSame = (other: Heard) =>
      other.storageServerId === heard.storageServerId && other.event.kind === heard.event.kind;
    this.heard = [...this.heard.filter((other) => !isSame(other)), { ...heard, heardId }];
    return heardId;
  }

  lookFrom({ ledgerVersion, revision }: { ledgerVersion: number; revision: number }): Look {
    const isNew = (id: StorageServerId) => (this.#versions.get(id) ?? 0) > ledgerVersion;
    return {
      head: this.state,
      news: undefined,
      floorRevision: this.floor,
      ledgerVersion: this.#version,
      deliveries: [...this.ledger.values()].filter((record) => isNew(record.storageServerId)),
      losses: this.losses.filter((loss) => loss.revision > revision),
      term: this.term,
      heard: this.heard,
    };
  }
}

export interface Replica {
  readonly pusher: SharedPusher;
  /** Looks into the store: under this term it holds the lease, where that is the last one. */
  look(term?: number): void;
  /** What its process has committed itself, or been told of. */
  state: ClusterState;
}

export function replicaOn(
  store: FakeSharedStore,
  parts: Pick<PusherParts, "transport" | "clock">,
): Replica {
  let known = { ledgerVersion: -1, revision: -1 };
  let term: number | undefined;
  let isDue = false;
  const look = () => {
    const seen = store.lookFrom(known);
    known = { ledgerVersion: seen.ledgerVersion, revision: store.state.revision };
    replica.state = store.state;
    const held = term === store.term ? term : undefined;
    pusher.saw({ state: store.state, look: seen, term: held });
  };
  const pusher = new SharedPusher({
    ...partsWith({ store, ...parts }),
    shared: store,
    state: () => replica.state,
    look: async () => look(),
    // As the follower does: soon, and not in the middle of something.
    wake: () => {
      if (isDue) return;
      isDue = true;
      setImmediate(() => {
        isDue = false;
        look();
      });
    },
  });
  const replica: Replica = {
    pusher,
    state: store.state,
    look: (held) => {
      term = held ?? term;
      look();
    },
  };
  return replica;
}
