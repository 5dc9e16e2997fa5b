/**
 * What the ledger of the store says, as of a head: how a process that does not push itself knows
 * how far the storage servers are. Head, records and losses are always of one moment, so what is
 * settled here was settled then; a process that lags behind is like a message that takes long.
 */
import { type ClusterState, emptyState } from "../core/cluster-state.ts";
import { nextDelivery } from "../core/delivery.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import {
  deliveryState,
  freshDelivery,
  type Head,
  headOf,
  resumedDelivery,
} from "../core/delivery-state.ts";
import type { StorageServer, StorageServerId } from "../core/model.ts";
import type { Look } from "../store/shared-store.ts";
import { AddressLosses } from "./losses.ts";
import type { KnownLedger } from "./pusher-port.ts";
import { settledHead } from "./settling.ts";

type News = Pick<Look, "deliveries" | "losses" | "floorRevision">;

export class LedgerView {
  readonly losses = new AddressLosses();
  #state = emptyState({ clusterId: "", generation: 0 });
  #head = headOf(this.#state, { settledRevision: 0, floorRevision: 0 });
  /** As the store has them. */
  readonly #ledger = new Map<StorageServerId, DeliveryRecord>();
  /** Of each registered server, against the head. */
  #records = new Map<StorageServerId, DeliveryRecord>();

  get state(): ClusterState {
    return this.#state;
  }

  get head(): Head {
    return this.#head;
  }

  /** What a pusher that takes over begins with. */
  get known(): KnownLedger {
    return { records: new Map(this.#ledger), losses: this.losses.all() };
  }

  record(id: StorageServerId): DeliveryRecord | undefined {
    return this.#records.get(id);
  }

  records(): IterableIterator<DeliveryRecord> {
    return this.#records.values();
  }

  /** Takes in the store as it was at one moment; tells whether anything is new. */
  take(state: ClusterState, news: News, now: number): boolean {
    const { deliveries, losses, floorRevision } = news;
    if (state === this.#state && deliveries.length === 0) return false;
    const [before, previousHead] = [this.#state, this.#head];
    this.#state = state;
    this.losses.follow(before, state, losses);
    for (const record of deliveries) this.#ledger.set(record.storageServerId, record);
    const head = headOf(state, { settledRevision: 0, floorRevision });
    const written = new Set(deliveries.map(({ storageServerId }) => storageServerId));
    const records = new Map<StorageServerId, DeliveryRecord>();
    for (const server of state.storageServers.values()) {
      const known = written.has(server.id) ? undefined : this.#records.get(server.id);
      const record =
        known?.registeredRevision === server.registeredRevision
          ? movedTo(known, { head, previousHead, now })
          : this.#read(server, head, now);
      records.set(server.id, record);
    }
    for (const id of this.#ledger.keys()) if (!records.has(id)) this.#ledger.delete(id);
    this.#records = records;
    this.#head = settledHead(state, records.values(), { losses: this.losses, floorRevision });
    return true;
  }

  /** The record as it is written, or nothing is known of the registration. */
  #read(server: StorageServer, head: Head, now: number): DeliveryRecord {
    const written = this.#ledger.get(server.id);
    if (written?.registeredRevision !== server.registeredRevision) {
      return freshDelivery(server, now);
    }
    const record = resumedDelivery(written, head, now);
    const shown = this.#records.get(server.id);
    // Since when it is behind is not written for each server; it was seen here.
    const isSame = shown && deliveryState(shown, head) === deliveryState(record, head);
    return isSame && shown.since < record.since ? { ...record, since: shown.since } : record;
  }
}

function movedTo(
  record: DeliveryRecord,
  { head, previousHead, now }: { head: Head; previousHead: Head; now: number },
): DeliveryRecord {
  return nextDelivery(record, { kind: "head-moved", previousHead }, { now, head, jitter: 0 })
    .record;
}
