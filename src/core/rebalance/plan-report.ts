/** A plan's figures: what it moves, and what that does to the loads and to the table. */
import { createHash } from "node:crypto";
import type { ClusterState } from "../cluster-state.ts";
import { countAddresses, imbalanceOf, type LoadModel, loadOf } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { joinMoves, type MoveColumns, type MoveList } from "./move-list.ts";
import { transferFraction } from "./proportional.ts";
import type { Proposal } from "./proposal.ts";
import { toNumber } from "./rational.ts";
import type { Scope } from "./request.ts";
import type { Explanation, Plan, ProcessEffect, RebalanceRequest } from "./types.ts";
import { addressesIn } from "./volume-moves.ts";

const HASH_LINES_AT_ONCE = 1000;

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
    transfers.map((transfer) => ({ volumeId: transfer.volume.id, moves: transfer.moves })),
    model.processes.map(({ cNodeId }) => cNodeId),
  );
  const remainingAddresses = minimumMovedAddresses - movedAddresses;
  const changed = new Map(transfers.map(({ volume, map }) => [volume.id, map]));
  const mapAfter = (volume: Volume) => changed.get(volume.id) ?? volume.map;

  const volumes = [...state.volumes.values()];
  const total = volumes.reduce((sum, { blockCount }) => sum + blockCount, 0);
  const before = countAddresses(
    model,
    volumes.map(({ map }) => map),
  );
  const after = countAddresses(model, volumes.map(mapAfter));
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
    rangesBefore: volumes.reduce((sum, { map }) => sum + map.rangeCount, 0),
    rangesAfter: volumes.reduce((sum, volume) => sum + mapAfter(volume).rangeCount, 0),
    imbalance: {
      before: imbalanceOf(model, before, total),
      after: imbalanceOf(model, after, total),
      volumes: scope.volumes.map((volume) => ({
        volumeId: volume.id,
        before: imbalanceOf(model, countAddresses(model, [volume.map]), volume.blockCount),
        after: imbalanceOf(model, countAddresses(model, [mapAfter(volume)]), volume.blockCount),
      })),
    },
    moves,
    processes: effectsOf(model, { before, after, total, reckonings: proposal.reckonings }),
    explanations: [
      ...proposal.explanations,
      ...budgetExplanation(request, movedAddresses, remainingAddresses),
    ],
    maps: transfers.map(({ volume, map }) => ({ volumeId: volume.id, map })),
  };
}

/** K in percent, for the strategy that knows one. */
function transferPercent(model: LoadModel, request: RebalanceRequest): number | null {
  if (request.strategy !== "proportional") return null;
  const { numerator, denominator } = transferFraction(model, request);
  return toNumber({ numerator: 100n * numerator, denominator });
}

interface Effects {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly total: number;
  readonly reckonings: Proposal["reckonings"];
}

function effectsOf(
  model: LoadModel,
  { before, after, total, reckonings }: Effects,
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
  moved: number,
  remaining: number,
): Explanation[] {
  if (remaining === 0) return [];
  const budget = `the budget of ${maxMovedAddresses} addresses`;
  const detail = `${budget} lets ${moved} move; ${remaining} remain to be moved`;
  const all = moved + remaining;
  const counterfactual = { maxMovedAddresses: all, movedAddresses: all };
  return [{ code: "budget-exhausted", detail, counterfactual }];
}

/** Ids hold neither tab nor line feed, so that no two plans have the same lines; all is ASCII. */
function hashOf(baseRevision: number, { columns, length }: MoveList): string {
  const hash = createHash("sha256").update(`${baseRevision}\n`);
  const ends = columns.cNodeIds.map((cNodeId) => `\t${cNodeId}`);
  for (let from = 0; from < length; from += HASH_LINES_AT_ONCE) {
    const to = Math.min(from + HASH_LINES_AT_ONCE, length);
    hash.update(linesOf(columns, { from, to, ends }), "latin1");
  }
  return hash.digest("hex");
}

function linesOf(
  { firstLba, lastLba, volume, volumeIds, from, to }: MoveColumns,
  part: { readonly from: number; readonly to: number; readonly ends: readonly string[] },
): string {
  let lines = "";
  for (let i = part.from; i < part.to; i++) {
    lines += `${volumeIds[volume[i]!]}\t${firstLba[i]}\t${lastLba[i]}`;
    lines += `${part.ends[from[i]!]}${part.ends[to[i]!]}\n`;
  }
  return lines;
}
