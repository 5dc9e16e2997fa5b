import type { z } from "zod";
import type { Assumptions } from "../../core/decisions/assumptions.ts";
import type { RebalanceOrder } from "../../operations/rebalance-document.ts";
import { toMicro } from "../schemas/common.ts";
import type { rebalancePost } from "../schemas/rebalance-requests.ts";
import { weightField } from "./processes.ts";

type Body = z.output<typeof rebalancePost>;

/** What is asked for, with decimals as exact parts. */
export function orderOf(body: Body): RebalanceOrder {
  const { tolerance, ...rest } = body;
  const micro = (value: number | undefined) => (value === undefined ? undefined : toMicro(value));
  return {
    volumeIds: rest.volumeIds,
    maxMovedAddresses: rest.maxMovedAddresses,
    reason: rest.reason,
    strategy: rest.strategy ?? "equalize",
    dryRun: rest.dryRun ?? false,
    force: "force" in rest ? rest.force : false,
    allowUnreachable: rest.allowUnreachable ?? false,
    replicationCostMicro: "replicationCost" in rest ? micro(rest.replicationCost) : undefined,
    toleranceMicro: micro(tolerance),
    transfer: "transfer" in rest ? transferOf(rest.transfer) : undefined,
    pairs: "pairs" in rest ? rest.pairs : undefined,
    receiverProcessIds: "receiverProcessIds" in rest ? rest.receiverProcessIds : undefined,
    assume: rest.assume && assumptionsOf(rest.assume),
  };
}

function transferOf(
  transfer: { fraction: number } | { addresses: number } | undefined,
): RebalanceOrder["transfer"] {
  if (!transfer) return undefined;
  return "fraction" in transfer ? { fractionMicro: toMicro(transfer.fraction) } : transfer;
}

function assumptionsOf({ processesAdded, ...others }: NonNullable<Body["assume"]>): Assumptions {
  return {
    ...others,
    processesAdded: processesAdded?.map(({ weight, ...process }) => ({
      ...process,
      ...weightField(weight),
    })),
  };
}
