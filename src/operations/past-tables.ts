/** The tables as they were at an older revision, a page at a time. */
import { Refusal } from "../core/errors.ts";
import type { VolumeId } from "../core/model.ts";
import { type RangeColumns, rangeCount } from "../core/ranges.ts";
import type { PastTables } from "../store/revisions.ts";
import type { OperationParts } from "./parts.ts";

/** So many rows hold up the store's thread for some milliseconds. */
const PAGE_ROWS = 5000;

type Parts = Pick<OperationParts, "commits" | "store">;

/** What stood at a revision, but for the rows of the A2C table. */
export async function findTables(parts: Parts, revision: number): Promise<PastTables> {
  const tables = await parts.store.tablesAt(revision);
  if (tables) return tables;
  throw await unreadable(parts, revision);
}

/** A volume's rows at a revision, page by page. Fails when the revision is pruned meanwhile. */
export async function* pastRanges(
  parts: Parts,
  revision: number,
  volumeId: VolumeId,
): AsyncIterableIterator<RangeColumns> {
  let after: number | undefined;
  for (;;) {
    const page = await parts.store.rangesAt(revision, { volumeId, after, limit: PAGE_ROWS });
    if (!page) throw await unreadable(parts, revision);
    yield page;
    if (rangeCount(page) < PAGE_ROWS) return;
    after = page.firstLba.at(-1);
  }
}

/** Why a revision can't be read: it is below the floor, or nobody has made it yet. */
export async function unreadable({ commits, store }: Parts, revision: number): Promise<Refusal> {
  const floor = await store.floorRevision();
  if (revision < floor) {
    return new Refusal("revision-compacted", {
      detail: `revision ${revision} is not kept any more: the floor is revision ${floor}`,
      correction: `Ask for revision ${floor} or a later one`,
    });
  }
  return new Refusal("not-found", {
    detail: `there is no revision ${revision}: the head is ${commits.state.revision}`,
    correction: "GET /v1/revisions lists those that there are",
  });
}
