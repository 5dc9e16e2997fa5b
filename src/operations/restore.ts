/** Makes a new revision with both tables as they were at an earlier one, or tells what it would. */
import { AddressMap } from "../core/address-map.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import {
  isUnchanged,
  type PastDistribution,
  type PastVolume,
  type Restoration,
  restoreTables,
} from "../core/decisions/restore.ts";
import type { OwnedRange, Volume } from "../core/model.ts";
import { type RangeColumns, rangesOf } from "../core/ranges.ts";
import { withPauses } from "../threads/pauses.ts";
import { commitTable } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";
import { findTables, pastRanges } from "./past-tables.ts";
import { refuseUnreachable } from "./reachability.ts";

export interface RestoreOrder {
  readonly revision: number;
  readonly dryRun: boolean;
  readonly reason?: string | undefined;
  readonly allowUnreachable: boolean;
  /** So many moves are told. */
  readonly movesShownMax: number;
}

export async function restoreRevision(
  parts: OperationParts,
  caller: Caller,
  order: RestoreOrder,
): Promise<Committed<Restoration>> {
  for (;;) {
    const past = await readPast(parts, order.revision);
    const committed = await commitTable(parts, caller, {
      kind: "restore",
      reason: order.reason ?? `the tables of revision ${order.revision}`,
      valid: distributedRevisions,
      decide: async (state) => {
        const answer = await withPauses(restoreTables(state, past, order.movesShownMax));
        if (answer && !order.allowUnreachable) {
          refuseUnreachable(state, answer, parts.delivery.unreachable());
        }
        return { state: answer && !order.dryRun ? answer.state : state, answer };
      },
    });
    const { answer } = committed;
    // Without an answer a volume has changed since, and is read as well the next time.
    if (answer) return { ...committed, answer };
  }
}

/** The tables of a revision; maps only of volumes that have changed since and can be restored. */
async function readPast(parts: OperationParts, revision: number): Promise<PastDistribution> {
  const tables = await findTables(parts, revision);
  const volumes: PastVolume[] = [];
  for (const record of tables.volumes) {
    const present = parts.commits.state.volumes.get(record.id);
    const wanted = present?.blockCount === record.blockCount && !isUnchanged(present, record);
    volumes.push(wanted ? { record, map: await readMap(parts, revision, present) } : { record });
  }
  return { revision, volumes, linkAssignments: tables.linkAssignments };
}

async function readMap(
  parts: OperationParts,
  revision: number,
  present: Volume,
): Promise<AddressMap> {
  const pages: RangeColumns[] = [];
  for await (const page of pastRanges(parts, revision, present.id)) pages.push(page);
  return AddressMap.of(rangesIn(pages), present.map);
}

function* rangesIn(pages: readonly RangeColumns[]): IterableIterator<OwnedRange> {
  for (const page of pages) yield* rangesOf(page);
}
