/** Planning and committing are one step: nothing can change between the plan and the revision. */
import {
  type ClusterState,
  effectiveState,
  nextRevision,
  processOfCNode,
  putVolume,
} from "../core/cluster-state.ts";
import { distributedRevisions } from "../core/decisions/precondition.ts";
import { Refusal } from "../core/errors.ts";
import type { CNodeId, StorageServerId } from "../core/model.ts";
import { planRebalance } from "../core/rebalance/plan.ts";
import type { Move, Plan } from "../core/rebalance/types.ts";
import type { RebalanceRecord, RebalanceToStore } from "../store/store.ts";
import { commitTable } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";
import {
  asOf,
  describeRebalance,
  type RebalanceDocument,
  type RebalanceOrder,
} from "./rebalance-document.ts";

export interface Rebalanced {
  readonly document: RebalanceDocument;
  readonly moves: readonly Move[];
}

export async function rebalance(
  parts: OperationParts,
  caller: Caller,
  order: RebalanceOrder,
): Promise<Committed<Rebalanced>> {
  const id = makeRebalanceId(parts);
  const committed = await commitTable(parts, caller, {
    kind: "rebalance",
    reason: order.reason,
    valid: distributedRevisions,
    decide: (state, at) => {
      const plan = planRebalance(state, order);
      if (!order.allowUnreachable) refuseUnreachable(state, plan, parts.delivery.unreachable());
      const applied = !order.dryRun && plan.moves.length > 0;
      const document = describeRebalance({
        order,
        plan,
        id: applied || order.dryRun ? id : null,
        state: plan.moves.length === 0 ? "no-op" : applied ? "applied" : "planned",
        revision: applied ? nextRevision(state) : null,
        requestedBy: caller.actor,
        at,
      });
      const answer: Rebalanced = { document, moves: plan.moves };
      if (!applied) return { state, answer };
      return { state: withMaps(state, plan), answer, rebalance: stored(id, answer) };
    },
  });
  if (order.dryRun) await parts.store.saveRebalance(stored(id, committed.answer));
  return committed;
}

export async function findRebalance(
  { store, now }: OperationParts,
  id: string,
): Promise<RebalanceDocument> {
  const record = await store.rebalance(id);
  if (!record) throw new Refusal("not-found", { detail: `there is no rebalance ${id}` });
  return documentOf(record, now());
}

export function documentOf(record: RebalanceRecord, now: number): RebalanceDocument {
  return asOf(record.document as unknown as RebalanceDocument, now);
}

function stored(id: string, { document, moves }: Rebalanced): RebalanceToStore {
  return { id, document: { ...document }, moves };
}

function withMaps(state: ClusterState, plan: Plan): ClusterState {
  return plan.maps.reduce((current, { volumeId, map }) => {
    const volume = current.volumes.get(volumeId)!;
    return putVolume(current, { ...volume, map, revision: nextRevision(state) });
  }, state);
}

/**
 * A gainer or loser that cannot be reached would leave addresses without a server for as long as
 * it stays away. Losers on draining processes are exempt: evacuating a dead server is what
 * draining is for.
 */
function refuseUnreachable(
  state: ClusterState,
  plan: Plan,
  unreachable: ReadonlySet<StorageServerId>,
): void {
  if (unreachable.size === 0) return;
  const concerned = new Set<StorageServerId>();
  for (const { fromCNodeId, toCNodeId } of plan.moves) {
    const loser = processOfCNode(state, fromCNodeId);
    if (loser && effectiveState(state, loser) === "active") concerned.add(loser.storageServerId);
    const gainer = serverOf(state, toCNodeId);
    if (gainer !== undefined) concerned.add(gainer);
  }
  const missing = [...concerned].filter((id) => unreachable.has(id)).sort();
  if (missing.length === 0) return;
  throw new Refusal("servers-unreachable", {
    detail: `the plan concerns storage servers that cannot be reached: ${missing.join(", ")}`,
    correction: "Wait until they are back, drain them, or send allowUnreachable: true",
  });
}

function serverOf(state: ClusterState, cNodeId: CNodeId): StorageServerId | undefined {
  return processOfCNode(state, cNodeId)?.storageServerId;
}

/** Ids in the order of their time: `rb-20261122T101530123Z-9f86d0`. */
function makeRebalanceId({ now, randomBytes }: OperationParts): string {
  const time = new Date(now()).toISOString().replace(/[-:.]/g, "");
  return `rb-${time}-${Buffer.from(randomBytes(3)).toString("hex")}`;
}
