/** What survives the service: its history, its ledger and the losses, as a real store keeps them. */
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import { lossesBetween } from "../../src/core/losses.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import type { AddressLoss } from "../../src/store/revisions.ts";
import { DistributedHistory } from "../support/distributed-history.ts";

export class Durable {
  readonly history = new DistributedHistory();
  readonly #records = new Map<StorageServerId, DeliveryRecord>();
  readonly #losses = new Map<StorageServerId, number[]>();

  get head(): ClusterState {
    return this.history.head;
  }

  commit(change: (state: ClusterState) => ClusterState): void {
    const before = this.head;
    const after = this.history.commit(change);
    if (after.generation !== before.generation) this.#losses.clear();
    for (const { key, after: revision } of lossesBetween(before, after)) {
      if (revision === undefined) this.#losses.delete(key);
      else this.#losses.set(key, [...(this.#losses.get(key) ?? []), revision]);
    }
  }

  /** Records of an earlier registration are dropped. */
  record(records: readonly DeliveryRecord[]): void {
    for (const record of records) {
      const server = this.head.storageServers.get(record.storageServerId);
      if (server?.registeredRevision === record.registeredRevision) {
        this.#records.set(record.storageServerId, record);
      }
    }
  }

  records(): DeliveryRecord[] {
    return [...this.#records.values()];
  }

  losses(): AddressLoss[] {
    return [...this.#losses].flatMap(([storageServerId, revisions]) =>
      revisions.map((revision) => ({ storageServerId, revision })),
    );
  }
}
