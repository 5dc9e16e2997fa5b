/** A plan's figures: what it moves, and what that does to the loads and to the table. */
import { createHash } from "node:crypto";
import type { ClusterState } from "../cluster-state.ts";
import { type LoadModel, loadOf } from "../load-model.ts";
import { joinMoves, type MoveList } from "./move-list.ts";
import { type Loads, loadsOf } from "./plan-loads.ts";
import { transferFraction } from "./proportional.ts";
import type { Proposal } from "./proposal.ts";
import { toNumber } from "./rational.ts";
import type { Scope } from "./request.ts";
import type { Transfer } from "./transfer.ts";
import type { Explanation, Plan, ProcessEffect, RebalanceRequest } from "./types.ts";
import { addressesIn, columnsOf } from "./volume-moves.ts";

interface Planned {
  readonly state: ClusterState;
  readonly model: LoadModel;
  readonly scope: Scope;
  readonly request: RebalanceRequest;
  readonly proposal: Proposal;
}

export function describePlan({ state, model, scope, request, proposal }: Planned): Plan {
  const { transfers, minimumMovedAddresses } = proposal;
  const movedAddresses = transfers.reduce((sum, { moves }) => sum + addressesIn(moves), 0);
  const moves = joinMoves(
    transfers.map((transfer) => columnsOf(transfer.volume.id, transfer.moves, model.cNodeIds)),
  );
  const remainingAddresses = minimumMovedAddresses - movedAddresses;
  const volumes = [...state.volumes.values()];
  const rangesBefore = volumes.reduce((sum, { map }) => sum + map.rangeCount, 0);
  const rangesMore = ({ volume, rangeCount }: Transfer) => rangeCount - volume.map.rangeCount;
  const loads = loadsOf(model, { volumes, planned: scope.volumes, transfers });
  return {
    planHash: hashOf(state.revision, moves),
    baseRevision: state.revision,
    processCount: model.processCount,
    linkedProcessCount: model.linkedProcessCount,
    transferPercent: transferPercent(model, request),
    replicationCost: {
      value: toNumber(model.replicationCost),
      source: model.replicationCost.source,
    },
    movedAddresses,
    minimumMovedAddresses,
    remainingAddresses,
    rangesBefore,
    rangesAfter: transfers.reduce((sum, transfer) => sum + rangesMore(transfer), rangesBefore),
    imbalance: loads.imbalance,
    moves,
    processes: effectsOf(model, loads, proposal.reckonings),
    explanations: [
      ...proposal.explanations,
      ...budgetExplanation(request, proposal, movedAddresses),
    ],
  };
}

/** K in percent, for the strategy that knows one. */
function transferPercent(model: LoadModel, request: RebalanceRequest): number | null {
  if (request.strategy !== "proportional") return null;
  const { numerator, denominator } = transferFraction(model, request);
  return toNumber({ numerator: 100n * numerator, denominator });
}

function effectsOf(
  model: LoadModel,
  { before, after, total }: Loads,
  reckonings: Proposal["reckonings"],
): ProcessEffect[] {
  return model.processes.map(({ id }, index) => ({
    processId: id,
    linked: model.classes[model.classOf[index]!]!.linked,
    addressesBefore: before[index]!,
    addressesAfter: after[index]!,
    loadBefore: loadOf(model, index, before[index]!, total),
    loadAfter: loadOf(model, index, after[index]!, total),
    ...reckonings?.[index],
  }));
}

function budgetExplanation(
  { maxMovedAddresses }: RebalanceRequest,
  { minimumMovedAddresses: all, movedWithAmpleBudget }: Proposal,
  moved: number,
): Explanation[] {
  if (moved === all) return [];
  const would = movedWithAmpleBudget;
  const now = `the budget of ${maxMovedAddresses} addresses lets ${moved} move; ${all - moved} remain to be moved`;
  if (would === undefined) {
    return [{ code: "budget-exhausted", detail: `${now}, in too many moves to go at once` }];
  }
  const outlook = would === all ? "" : `; with a budget of ${all}, ${would} would move at once`;
  const counterfactual = { maxMovedAddresses: all, movedAddresses: would };
  return [{ code: "budget-exhausted", detail: `${now}${outlook}`, counterfactual }];
}

/**
 * Over the base revision and the columns of the moves as they stand in memory, all of one length:
 * written out as text, a million moves take longer to hash than to find.
 */
function hashOf(baseRevision: number, { columns }: MoveList): string {
  const { firstLba, lastLba, volume, from, to, volumeIds, cNodeIds } = columns;
  const hash = createHash("sha256").update(JSON.stringify([baseRevision, volumeIds, cNodeIds]));
  for (const column of [firstLba, lastLba, volume, from, to]) hash.update(column);
  return hash.digest("hex");
}
