/**
 * Where all storage servers are to be brought: the committed state, its head, and what is settled
 * of it, told to each delivery when that is news.
 */
import type { Clock } from "../core/clock.ts";
import { type ClusterState, emptyState } from "../core/cluster-state.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import { type Head, headOf } from "../core/delivery-state.ts";
import type { AddressLoss } from "../store/revisions.ts";
import type { Deliveries } from "./deliveries.ts";
import { losersFirst } from "./losers-first.ts";
import { AddressLosses } from "./losses.ts";
import type { Bursts } from "./pace.ts";
import type { KnownLedger } from "./pusher-port.ts";
import type { ServerDelivery } from "./server-delivery.ts";
import { type HandOver, handOverOf, settledHead } from "./settling.ts";

export interface CourseParts {
  readonly clock: Clock;
  readonly bursts: Bursts;
  /** The oldest revision that deltas can begin at. */
  readonly floorRevision: () => number;
  readonly deliveries: Deliveries;
}

/** What goes with a committed state that is taken in. */
export interface Adopted {
  /** What the store knew at the start. */
  readonly known?: KnownLedger;
  /** Of heads in between that were skipped, because others have distributed them. */
  readonly lossesBetween?: readonly AddressLoss[] | undefined;
}

export class Course {
  readonly #parts: CourseParts;
  readonly #losses = new AddressLosses();
  #state: ClusterState = emptyState({ clusterId: "", generation: 0 });
  #head: Head = headOf(this.#state, { settledRevision: 0, floorRevision: 0 });
  /** The head that all deliveries have been told; absent: some began before it was known. */
  #told: Head | undefined;

  constructor(parts: CourseParts) {
    this.#parts = parts;
  }

  get state(): ClusterState {
    return this.#state;
  }

  get head(): Head {
    return this.#head;
  }

  /**
   * Takes a committed state in: servers that came, went or were registered anew, and the head.
   * What is older than the present one is left alone.
   */
  take(next: ClusterState, { known, lossesBetween }: Adopted): "changed" | "the same servers" {
    const { bursts, clock, deliveries, floorRevision } = this.#parts;
    const before = this.#state;
    const isOlder = next.generation === before.generation && next.revision < before.revision;
    if (isOlder) return "the same servers";
    this.#state = next;
    if (next.distributedRevision !== before.distributedRevision) bursts.changed(clock.now());
    if (known) this.#losses.load(known.losses);
    else this.#losses.follow(before, next, lossesBetween);
    // Whoever is new begins at the new head; what is settled is told when all are there.
    this.#head = headOf(next, { settledRevision: 0, floorRevision: floorRevision() });
    const changes = before.storageServers.differences(next.storageServers);
    deliveries.follow(changes, known?.records ?? new Map());
    if (changes.length > 0) this.#told = undefined;
    this.look();
    if (changes.length === 0) return "the same servers";
    for (const delivery of deliveries.all()) delivery.wake();
    return "changed";
  }

  /** Finds out what is settled now, and tells all deliveries where the head is if that is news. */
  look(): void {
    const { deliveries, floorRevision } = this.#parts;
    const told = this.#told;
    const head = settledHead(this.#state, deliveries.records(), {
      losses: this.#losses,
      floorRevision: floorRevision(),
    });
    this.#head = head;
    this.#told = head;
    if (told && isSameHead(told, head)) return;
    for (const delivery of deliveries.all()) delivery.headMoved();
    const isLoser = ({ durable }: ServerDelivery) =>
      this.handOverOf(durable).unsettledRevision !== undefined;
    for (const delivery of losersFirst(deliveries.all(), isLoser)) delivery.wake();
  }

  handOverOf(record: DeliveryRecord): HandOver {
    return handOverOf(this.#state, record, { losses: this.#losses, head: this.#head });
  }
}

function isSameHead(one: Head, other: Head): boolean {
  return (
    one.generation === other.generation &&
    one.revision === other.revision &&
    one.settledRevision === other.settledRevision
  );
}
