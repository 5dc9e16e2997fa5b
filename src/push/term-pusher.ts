/**
 * The pusher of the process that holds the lease, for one term. It is told of heads only that the
 * store had while the term was the last one, and each of its writes to the ledger is guarded by
 * the term; so what it takes for acknowledged and settled was so, even where it is told late that
 * another one has taken over. After a write that failed it is over: what is durable tells the next.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { StorageServerId } from "../core/model.ts";
import type { Heard, LedgerWrite, Look, SharedStore } from "../store/shared-store.ts";
import { createPusher } from "./pusher.ts";
import type { KnownLedger, PusherParts, SendingPusher } from "./pusher-port.ts";

export interface TermPusherParts extends PusherParts {
  readonly shared: Pick<SharedStore, "recordUnder">;
  readonly term: number;
  /** Called after each write to the ledger, and after one that failed. */
  readonly onWritten: () => void;
}

export class TermPusher {
  readonly term: number;
  readonly #parts: TermPusherParts;
  readonly #pusher: SendingPusher;
  #state: ClusterState;
  #failure: Error | undefined;
  /** Heard things that the pusher has been told, as long as the store tells of them. */
  #told = new Set<string>();
  /** Those of them that go with the next record of their server. */
  readonly #untaken = new Map<StorageServerId, Heard[]>();

  constructor(parts: TermPusherParts, state: ClusterState, known: KnownLedger) {
    // A newer head than the store is known to have had in this term would go with an old ledger.
    const { committed: _, term, store, ...sending } = parts;
    this.term = term;
    this.#parts = parts;
    this.#state = state;
    const changesBetween: typeof store.changesBetween = (from, to) =>
      store.changesBetween(from, to);
    this.#pusher = createPusher({
      ...sending,
      snapshotsElsewhere: true,
      store: {
        deliveries: () => store.deliveries(),
        addressLosses: () => store.addressLosses(),
        changesBetween,
        recordDeliveries: (records, converged) => this.#record(records, converged),
      },
    });
    this.#pusher.takeUp(state, known);
  }

  /** Whether it goes on. */
  get isGood(): boolean {
    return this.#failure === undefined;
  }

  /** To be called with what the store had while the term was the last one. */
  saw(state: ClusterState, { losses, heard }: Pick<Look, "losses" | "heard">): void {
    if (state !== this.#state) {
      this.#state = state;
      this.#pusher.headChanged(state, losses);
    }
    this.#hear(heard);
  }

  close(): Promise<void> {
    return this.#pusher.close();
  }

  #hear(heard: readonly Heard[]): void {
    const known = this.#told;
    this.#told = new Set(heard.map(({ heardId }) => heardId));
    const pointless: Heard[] = [];
    for (const one of heard) {
      if (known.has(one.heardId)) continue;
      const { storageServerId: id, event } = one;
      if (!this.#concerns(one)) {
        pointless.push(one);
        continue;
      }
      // In one turn: the next record of the server is made of it.
      this.#untaken.set(id, [...(this.#untaken.get(id) ?? []), one]);
      void this.#pusher.heard(id, event);
    }
    if (pointless.length === 0) return;
    // A failure ends the term, and whoever has the next one finds them again.
    this.#write({ records: [], converged: undefined, taken: pointless }).catch(() => undefined);
  }

  /** A registration that is over has no record; one that is being tried needs no waking. */
  #concerns({ storageServerId, registeredRevision, event }: Heard): boolean {
    const server = this.#state.storageServers.get(storageServerId);
    if (server?.registeredRevision !== registeredRevision) return false;
    if (event.kind !== "registered-again") return true;
    const state = this.#pusher.delivery(storageServerId)?.state;
    return state !== "current" && state !== "behind" && state !== "ahead";
  }

  #record(records: readonly DeliveryRecord[], converged: LedgerWrite["converged"]): Promise<void> {
    const taken = records.flatMap(({ storageServerId: id }) => {
      const untaken = this.#untaken.get(id) ?? [];
      this.#untaken.delete(id);
      return untaken;
    });
    return this.#write({ records, converged, taken });
  }

  async #write(write: LedgerWrite): Promise<void> {
    const { shared, term, onWritten } = this.#parts;
    if (this.#failure) throw this.#failure;
    try {
      if ((await shared.recordUnder(term, write)) === "superseded") {
        throw new Error(`the distribution's term ${term} is over: another process has taken it`);
      }
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      onWritten();
    }
  }
}
