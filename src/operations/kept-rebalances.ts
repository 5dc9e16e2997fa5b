/** Rebalances as they are kept, read back. */
import type { ClusterState } from "../core/cluster-state.ts";
import { assumedIn } from "../core/decisions/plans.ts";
import { Refusal } from "../core/errors.ts";
import type { KeptPlan } from "../core/rebalance/kept-plan.ts";
import { joinMoves, type MoveColumns, MoveList, type Moves } from "../core/rebalance/move-list.ts";
import { findObstacle, findUnfit, reversed } from "../core/rebalance/moves.ts";
import { finish } from "../core/steps.ts";
import type { RebalanceRecord } from "../store/rebalances.ts";
import type { OperationParts } from "./parts.ts";
import { whyUnreachable } from "./reachability.ts";
import { asOf, type RebalanceDocument } from "./rebalance-document.ts";

/** Read at once, so that a million of them don't hold up the event loop. */
const MOVES_READ_AT_ONCE = 20_000;

export interface Kept {
  readonly document: RebalanceDocument;
  readonly plan: KeptPlan;
}

/** Whether a rollback would be carried out as things stand, and if not, why. */
export interface RollbackOutlook {
  readonly possible: boolean;
  readonly reason?: string | undefined;
}

export async function findRebalance({ store, now }: OperationParts, id: string): Promise<Kept> {
  const record = await store.rebalance(id);
  if (!record) throw new Refusal("not-found", { detail: `there is no rebalance ${id}` });
  return { document: documentOf(record, now()), plan: record.plan };
}

export function documentOf(record: RebalanceRecord, now: number): RebalanceDocument {
  return asOf(record.document as unknown as RebalanceDocument, now);
}

type MovesOf = Pick<RebalanceDocument, "id" | "moveCount">;

/** A few pages side by side: the store works on a large change in between, a while each time. */
const PAGES_READ_AT_ONCE = 4;

export async function allMoves(
  { store }: Pick<OperationParts, "store">,
  { id, moveCount }: MovesOf,
): Promise<MoveList> {
  const limit = MOVES_READ_AT_ONCE;
  const offsets = Array.from({ length: Math.ceil(moveCount / limit) }, (_, page) => page * limit);
  const pages: MoveColumns[] = [];
  while (offsets.length > 0) {
    const together = offsets.splice(0, PAGES_READ_AT_ONCE);
    const read = together.map((offset) => store.rebalanceMoves(id!, { offset, limit }));
    for (const page of await Promise.all(read)) pages.push(MoveList.of(page).columns);
  }
  return joinMoves(pages);
}

/** At least as many as an answer shows. */
export function firstMoves({ store }: OperationParts, { id }: MovesOf): Promise<Moves> {
  return store.rebalanceMoves(id!, { offset: 0, limit: MOVES_READ_AT_ONCE });
}

async function* pagesOfMoves(
  { store }: OperationParts,
  { id, moveCount }: MovesOf,
): AsyncGenerator<Moves> {
  for (let offset = 0; offset < moveCount; offset += MOVES_READ_AT_ONCE) {
    yield await store.rebalanceMoves(id!, { offset, limit: MOVES_READ_AT_ONCE });
  }
}

/**
 * Answered from the present state, for a plan as if it were applied now. Nothing for a rebalance
 * that has nothing to take back. The moves are read only where maps have changed since.
 */
export async function rollbackOutlook(
  parts: OperationParts,
  state: ClusterState,
  { document, plan }: Kept,
): Promise<RollbackOutlook | undefined> {
  const { revision } = document;
  if (document.state !== "planned" && document.state !== "applied") return undefined;
  const { volumeIds, losers, gainers } = plan.ends;
  const outlook = (then: ClusterState) => {
    const back = { losers: gainers, gainers: losers };
    return outlookFor(
      findUnfit(then, losers) ?? whyUnreachable(then, back, parts.delivery.unreachable()),
    );
  };
  if (revision === null) return outlook(assumedIn(state, plan.dryRun ?? {}));
  const untouched = volumeIds.every((id) => state.volumes.get(id)?.revision === revision);
  if (untouched) return outlook(state);
  for await (const page of pagesOfMoves(parts, document)) {
    const reason = finish(findObstacle(state, reversed(page), revision));
    if (reason !== undefined) return { possible: false, reason };
  }
  return outlook(state);
}

function outlookFor(reason: string | undefined): RollbackOutlook {
  return reason === undefined ? { possible: true } : { possible: false, reason };
}
