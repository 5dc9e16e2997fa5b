import { z } from "zod";
import { assume } from "./assumptions.ts";
import { replicationCost } from "./cluster.ts";
import {
  count,
  decimal,
  positive,
  processId,
  queryInteger,
  text,
  unique,
  volumeId,
} from "./common.ts";

const fraction = decimal("Fraction of the giver's addresses", { min: 0.000001, max: 1 }, 0.5);
const byFraction = z.strictObject({ fraction });
const byAddresses = z.strictObject({ addresses: positive("Addresses per pair and volume", 17) });
const pair = z.strictObject({ linkedProcessId: processId, unlinkedProcessId: processId });

const shared = {
  dryRun: z.boolean().optional().meta({ description: "Plan and keep the plan, change nothing" }),
  volumeIds: unique(volumeId).optional().meta({ description: "Only these volumes" }),
  reason: text(1000).optional().meta({ example: "link 2 is back" }),
  replicationCost: replicationCost.optional(),
  tolerance: decimal(
    "Sizes may stay this fraction of the fair share off their target",
    { min: 0, max: 1000 },
    0.01,
  ).optional(),
  maxMovedAddresses: count("Moves at most so many addresses", 1000).optional(),
  force: z.boolean().optional().meta({ description: "Move even where the load gets no more even" }),
  allowUnreachable: z
    .boolean()
    .optional()
    .meta({ description: "Move even from or to servers that cannot be reached" }),
  assume: assume.optional(),
};

// It moves nothing for the loads.
const { force: _force, replicationCost: _cost, ...ofConsolidate } = shared;

export const rebalancePost = z
  .discriminatedUnion("strategy", [
    z.strictObject({ strategy: z.literal("equalize").optional(), ...shared }),
    z.strictObject({ strategy: z.literal("consolidate"), ...ofConsolidate }),
    z.strictObject({
      strategy: z.literal("pairwise"),
      ...shared,
      transfer: z.union([byFraction, byAddresses]).optional(),
      pairs: unique(pair).optional(),
    }),
    z.strictObject({
      strategy: z.literal("proportional"),
      ...shared,
      transfer: byFraction.optional(),
      receiverProcessIds: unique(processId).optional(),
    }),
  ])
  .superRefine(({ assume: assumed, dryRun }, context) => {
    if (assumed === undefined || dryRun) return;
    const message = "goes only with dryRun: true";
    context.addIssue({ code: "custom", path: ["assume"], message });
  })
  .meta({ id: "RebalancePost" });

const allowUnreachable = shared.allowUnreachable;
export const rebalanceApply = z
  .strictObject({
    rebase: z
      .boolean()
      .optional()
      .meta({
        description:
          "Apply a stale plan all the same where every address is still owned by the C-node that it " +
          "is taken from and every receiver is still active",
      }),
    allowUnreachable,
  })
  .meta({ id: "RebalanceApply" });
export const rebalanceRollback = z
  .strictObject({ reason: shared.reason, allowUnreachable })
  .meta({ id: "RebalanceRollback" });

export const rebalanceQuery = z.strictObject({
  wait: z
    .literal("converged")
    .optional()
    .meta({ description: "Answer when every storage server has acknowledged" }),
  timeoutSeconds: queryInteger("Wait at most so long (default 30)", {
    min: 0,
    max: 600,
  }).optional(),
});
