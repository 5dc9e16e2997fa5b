/** What `equalize` has to say about a plan. */
import { countAddresses, type LoadModel } from "../load-model.ts";
import type { Volume } from "../model.ts";
import type { Settlement } from "./settlement.ts";
import type { Transfer } from "./transfer.ts";
import type { Explanation } from "./types.ts";

interface Outcome {
  readonly volumes: readonly Volume[];
  readonly unsettled: readonly Settlement[];
  readonly transfers: readonly Transfer[];
  /** What the tolerance keeps from moving. */
  readonly heldBack: Explanation | undefined;
}

export function whyEqualized(model: LoadModel, outcome: Outcome): Explanation[] {
  const { volumes, unsettled, transfers, heldBack } = outcome;
  const explanations: Explanation[] = [];
  if (heldBack) {
    explanations.push(heldBack);
  } else if (unsettled.length === 0) {
    const detail = "every C-node owns its target share";
    explanations.push({ code: "already-balanced", detail });
  }
  if (transfers.length === 0) return explanations;

  const before = countAddresses(model, mapsOf(volumes));
  const leaving = countAddresses(model, mapsOf(transfers.map(({ volume }) => volume)));
  const coming = countAddresses(model, mapsOf(transfers));
  for (const [index, process] of model.processes.entries()) {
    const { id: processId, cNodeId } = process;
    const gained = coming[index]! - leaving[index]!;
    if (!model.classes[model.classOf[index]!]!.active && gained < 0) {
      const given = `gives away ${-gained} addresses of ${cNodeId}`;
      const detail = `draining process ${processId} ${given} and keeps ${before[index]! + gained}`;
      explanations.push({ code: "draining", detail, processId });
    } else if (before[index] === 0 && gained > 0) {
      const detail = `process ${processId} owned nothing and receives ${gained} addresses`;
      explanations.push({ code: "late-joiner", detail, processId });
    }
  }
  return explanations;
}

function mapsOf<T extends Pick<Volume, "map">>(holders: readonly T[]): T["map"][] {
  return holders.map(({ map }) => map);
}
