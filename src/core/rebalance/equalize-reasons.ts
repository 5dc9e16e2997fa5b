/** What `equalize` has to say about a plan. */
import { isActive, type LoadModel } from "../load-model.ts";
import { type Settlement, toMove } from "./settlement.ts";
import { addTo } from "./sums.ts";
import type { Explanation } from "./types.ts";

interface Outcome {
  /** Of every planned volume. */
  readonly settlements: readonly Settlement[];
  /** What the budget has something for, cut to it. */
  readonly affordable: readonly Settlement[];
  /** What the tolerance keeps from moving. */
  readonly heldBack: Explanation | undefined;
}

export function whyEqualized(model: LoadModel, outcome: Outcome): Explanation[] {
  const { settlements, affordable, heldBack } = outcome;
  const explanations: Explanation[] = [];
  if (heldBack) {
    explanations.push(heldBack);
  } else if (settlements.every((settlement) => toMove(settlement) === 0)) {
    const detail = "every C-node owns its target share";
    explanations.push({ code: "already-balanced", detail });
  }
  if (affordable.length === 0) return explanations;

  const owned = new Float64Array(model.processes.length);
  const gains = new Float64Array(model.processes.length);
  for (const { before, volume } of settlements) addTo(owned, before, volume.extentBlocks);
  for (const { need, surplus, volume } of affordable) {
    addTo(gains, need, volume.extentBlocks);
    addTo(gains, surplus, -volume.extentBlocks);
  }
  for (const [index, process] of model.processes.entries()) {
    const { id: processId, cNodeId } = process;
    const gained = gains[index]!;
    if (!isActive(model, index) && gained < 0) {
      const given = `gives away ${-gained} addresses of ${cNodeId}`;
      const detail = `draining process ${processId} ${given} and keeps ${owned[index]! + gained}`;
      explanations.push({ code: "draining", detail, processId });
    } else if (owned[index] === 0 && gained > 0) {
      const detail = `process ${processId} owned nothing and receives ${gained} addresses`;
      explanations.push({ code: "late-joiner", detail, processId });
    }
  }
  return explanations;
}
