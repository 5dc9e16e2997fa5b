/** The revisions in which each storage server lost addresses, as far as they still matter. */
import type { ClusterState } from "../core/cluster-state.ts";
import { lossesBetween } from "../core/losses.ts";
import type { StorageServerId } from "../core/model.ts";
import type { AddressLoss } from "../store/revisions.ts";

export class AddressLosses {
  #revisions = new Map<StorageServerId, number[]>();

  /** Takes over what the store has kept; it may know more than the state at hand. */
  load(losses: readonly AddressLoss[]): void {
    this.#revisions = new Map();
    for (const { storageServerId, revision } of losses) this.#add(storageServerId, revision);
  }

  /**
   * Takes in what was lost between two committed states, in the last revision of it. `also`: in
   * which revisions between, ascending, where heads that others have distributed were skipped.
   */
  follow(before: ClusterState, after: ClusterState, also: readonly AddressLoss[] = []): void {
    if (before.generation !== after.generation) this.#revisions = new Map();
    for (const { storageServerId, revision } of also) this.#add(storageServerId, revision);
    for (const { key, after: revision } of lossesBetween(before, after)) {
      if (revision === undefined) this.#revisions.delete(key);
      else this.#add(key, revision);
    }
  }

  /** All of them, of each server ascending. */
  all(): AddressLoss[] {
    return [...this.#revisions].flatMap(([storageServerId, revisions]) =>
      revisions.map((revision) => ({ storageServerId, revision })),
    );
  }

  /** Ascending. */
  of(id: StorageServerId): readonly number[] {
    return this.#revisions.get(id) ?? [];
  }

  /** Lets go of all that is acknowledged but the last: who falls back behind that counts again. */
  acknowledged(id: StorageServerId, revision: number): void {
    const known = this.#revisions.get(id);
    while (known && known.length > 1 && known[1]! <= revision) known.shift();
  }

  #add(id: StorageServerId, revision: number): void {
    const known = this.#revisions.get(id);
    if (!known) this.#revisions.set(id, [revision]);
    else if (known.at(-1)! < revision) known.push(revision);
  }
}
