/** The deliveries under way: one for each registration that stands. */
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { StorageServer, StorageServerId } from "../core/model.ts";
import type { Difference } from "../core/sorted-map.ts";
import type { ServerDelivery } from "./server-delivery.ts";

export interface DeliveriesParts {
  readonly open: (server: StorageServer, known: DeliveryRecord | undefined) => ServerDelivery;
  /** Called when a registration is over, removed or replaced. */
  readonly ended: (id: StorageServerId) => void;
}

export type KnownRecords = ReadonlyMap<StorageServerId, DeliveryRecord>;

export class Deliveries {
  readonly #parts: DeliveriesParts;
  readonly #deliveries = new Map<StorageServerId, ServerDelivery>();

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  get(id: StorageServerId): ServerDelivery | undefined {
    return this.#deliveries.get(id);
  }

  all(): IterableIterator<ServerDelivery> {
    return this.#deliveries.values();
  }

  /** What is durably known of each server. */
  *records(): IterableIterator<DeliveryRecord> {
    for (const delivery of this.#deliveries.values()) yield delivery.durable;
  }

  /** What will be durably known once `batch` is. */
  *recordsWith(batch: KnownRecords): IterableIterator<DeliveryRecord> {
    for (const record of this.records()) yield newest(record, batch) ?? record;
  }

  /** Follows the registrations; `known` is what the ledger says, where it has been asked. */
  follow(changes: Iterable<Difference<StorageServerId, StorageServer>>, known: KnownRecords): void {
    for (const { key, after } of changes) {
      const present = this.#deliveries.get(key);
      if (after && present?.durable.registeredRevision === after.registeredRevision) continue;
      if (present) {
        present.drop();
        this.#deliveries.delete(key);
        this.#parts.ended(key);
      }
      if (after) this.#deliveries.set(key, this.#parts.open(after, known.get(key)));
    }
  }
}

/** The record of the same registration in `batch`. */
function newest(record: DeliveryRecord, batch: KnownRecords): DeliveryRecord | undefined {
  const news = batch.get(record.storageServerId);
  return news?.registeredRevision === record.registeredRevision ? news : undefined;
}
