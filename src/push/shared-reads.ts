/** What storage servers pull and fetch, of whichever process, whoever has named it to them. */
import type { ClusterState } from "../core/cluster-state.ts";
import type { LedgerView } from "./ledger-view.ts";
import { Messages } from "./messages.ts";
import { type PullPosition, Pulls, type PullWait } from "./pulls.ts";
import type { PusherParts, SnapshotName } from "./pusher-port.ts";
import { type SnapshotRead, SnapshotReads } from "./snapshot-reads.ts";
import type { Waiters } from "./waiters.ts";

/** Heads whose snapshot somebody may still be fetching; they share what they have in common. */
const STATES_KEPT = 4;

export class SharedReads {
  readonly #view: LedgerView;
  readonly #messages: Messages;
  readonly #pulls: Pulls;
  readonly #snapshotReads: SnapshotReads;
  /** The last heads, the newest first. */
  #states: ClusterState[] = [];

  constructor(parts: PusherParts, view: LedgerView, waiters: Waiters) {
    const { clock, waitingPullsMax: waitingMax = 2_000, snapshotReadsMax: readsMax = 32 } = parts;
    this.#view = view;
    this.#messages = new Messages({ ...parts, snapshotsElsewhere: true });
    this.#snapshotReads = new SnapshotReads({ clock, readsMax });
    this.#pulls = new Pulls({
      ...{ waiters, waitingMax },
      head: () => view.head,
      bodyOf: async (step) => {
        const { settledRevision } = view.head;
        return (await this.#messages.messageFor(view.state, step, settledRevision)).body;
      },
    });
  }

  /** To be called with each new head. */
  moved(state: ClusterState): void {
    const others = this.#states.filter((known) => !isAt(known, positionOf(state)));
    this.#states = [state, ...others].slice(0, STATES_KEPT);
  }

  pull(position: PullPosition, wait: PullWait): Promise<Uint8Array | undefined> {
    return this.#pulls.next(position, wait);
  }

  async readSnapshot(
    { generation, revision, settledRevision = this.#view.head.settledRevision }: SnapshotName,
    reader: AbortSignal,
  ): Promise<SnapshotRead | undefined> {
    const state = this.#states.find((known) => isAt(known, { generation, revision }));
    if (!state) return undefined;
    const snapshot = this.#messages.snapshots.named(state, settledRevision);
    return this.#snapshotReads.begin(snapshot, reader);
  }
}

const positionOf = ({ generation, distributedRevision: revision }: ClusterState) => ({
  generation,
  revision,
});

function isAt(
  state: ClusterState,
  { generation, revision }: { generation: number; revision: number },
): boolean {
  return state.generation === generation && state.distributedRevision === revision;
}
