/** What processes own before and after a plan, and how uneven their loads are. */
import { imbalanceOf } from "../imbalance.ts";
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import { addTo } from "./sums.ts";
import type { Transfer } from "./transfer.ts";
import type { Plan } from "./types.ts";
import type { VolumeMoves } from "./volume-moves.ts";

interface Outcome {
  /** In volume id order, as are those of them that were planned. */
  readonly volumes: readonly Volume[];
  readonly planned: readonly Volume[];
  readonly transfers: readonly Transfer[];
}

/** By process index, over all volumes. */
export interface Loads {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly total: number;
  readonly imbalance: Plan["imbalance"];
}

/** Goes once through each map: a table of a million ranges may be one of a hundred volumes. */
export function loadsOf(model: LoadModel, { volumes, planned, transfers }: Outcome): Loads {
  const before = new Float64Array(model.processes.length);
  const after = new Float64Array(model.processes.length);
  const arePlanned = new Set(planned);
  const transferOf = new Map(transfers.map((transfer) => [transfer.volume, transfer]));
  const imbalances: Plan["imbalance"]["volumes"][number][] = [];
  for (const volume of volumes) {
    const { id: volumeId, map, blockCount } = volume;
    const owned = countAddresses(model, [map]);
    const transfer = transferOf.get(volume);
    const owns = transfer ? countAfter(owned, transfer.moves) : owned;
    addTo(before, owned);
    addTo(after, owns);
    if (!arePlanned.has(volume)) continue;
    const imbalance = (counts: Float64Array) => imbalanceOf(model, counts, blockCount);
    const imbalanceBefore = imbalance(owned);
    const imbalanceAfter = owns === owned ? imbalanceBefore : imbalance(owns);
    imbalances.push({ volumeId, before: imbalanceBefore, after: imbalanceAfter });
  }
  const total = volumes.reduce((sum, { blockCount }) => sum + blockCount, 0);
  const imbalance = {
    before: imbalanceOf(model, before, total),
    after: imbalanceOf(model, after, total),
    volumes: imbalances,
  };
  return { before, after, total, imbalance };
}

function countAfter(counts: Float64Array, { firstLba, lastLba, from, to }: VolumeMoves) {
  const after = counts.slice();
  for (let i = 0; i < firstLba.length; i++) {
    const count = lastLba[i]! - firstLba[i]! + 1;
    after[from[i]!] = after[from[i]!]! - count;
    after[to[i]!] = after[to[i]!]! + count;
  }
  return after;
}
