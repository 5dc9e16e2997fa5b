/** Who owned an address when, by which revision, who asked and why. */
import type { VolumeId } from "../core/model.ts";
import { joinOwnerships, type Ownership } from "../core/ownership.ts";
import type { RevisionRecord } from "../store/revisions.ts";
import type { OperationParts } from "./parts.ts";

/** So many rows are followed in one call, so that no write waits long for the store's thread. */
const ROWS_PER_CALL = 500;

export interface AddressOwnership extends Ownership {
  /** Absent: below the floor, so that it may have owned the address before, too. */
  readonly heading?: RevisionRecord | undefined;
}

export interface AddressHistoryOrder {
  readonly volumeId: VolumeId;
  readonly lba: number;
  /** Begins with whoever owned it up to this revision; by default with the present owner. */
  readonly closedBy?: number | undefined;
  readonly limit: number;
}

/** Newest first, at most `limit`. */
export async function addressHistory(
  { store }: Pick<OperationParts, "store">,
  { volumeId, lba, closedBy, limit }: AddressHistoryOrder,
): Promise<AddressOwnership[]> {
  let owners: Ownership[] = [];
  let position = closedBy;
  // One more than asked for: only what comes after a time shows that it is complete.
  while (owners.length <= limit) {
    const page = { closedBy: position, limit: ROWS_PER_CALL };
    const rows = await store.ownersOf({ volumeId, lba }, page);
    owners = joinOwnerships(owners, rows);
    if (rows.length < ROWS_PER_CALL) break;
    position = rows.at(-1)!.fromRevision;
  }
  const asked = owners.slice(0, limit);
  const headings = new Map<number, RevisionRecord>();
  const floor = await store.floorRevision();
  const kept = asked.map((owner) => owner.fromRevision).filter((revision) => revision >= floor);
  for (const heading of await store.headings(kept)) headings.set(heading.revision, heading);
  return asked.map((owner) => ({ ...owner, heading: headings.get(owner.fromRevision) }));
}
