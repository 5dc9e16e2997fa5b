import { z } from "zod";
import {
  actor,
  cNodeId,
  code,
  count,
  named,
  processId,
  rebalanceId,
  revision,
  sha256,
  text,
  time,
  volumeId,
} from "./common.ts";
import { deliveryProgress } from "./tables.ts";

/** A plan's moves are answered up to here; the rest is paged. */
export const MOVES_SHOWN_MAX = 1000;

export const move = z
  .strictObject({
    volumeId,
    firstLba: count("First address", 22),
    lastLba: count("Last address, included", 32),
    fromCNodeId: cNodeId,
    toCNodeId: cNodeId,
  })
  .meta({ id: "Move" });

const imbalance = {
  before: z.number().meta({ description: "max load / mean load before", example: 1.206 }),
  after: z.number().meta({ description: "and after", example: 1.01 }),
};

const counterfactual = z
  .strictObject({
    tolerance: z.number().optional(),
    maxMovedAddresses: z.number().optional(),
    force: z.literal(true).optional(),
    volumeIds: z.array(volumeId).optional(),
    movedAddresses: count("What it would move", 1204),
  })
  .meta({
    description: "What would move were these things of the request otherwise, and nothing else",
  });

const addresses = (description: string, example: number) =>
  z.number().meta({ description, example });
/** A third of 101 addresses, as the example's plan by `equalize` has them. */
const share = z
  .strictObject({
    base: addresses("T / N: without weights and links; 0 while draining", 33.666666666666664),
    weight: addresses("What its weight adds", 0),
    linkWork: addresses("What link work takes, or adds where others have it", -11.222222222222221),
    rounding: addresses("What whole extents add", 0.5555555555555556),
    tolerance: addresses("What the tolerance leaves off the rounded target", 0),
    budget: addresses("What the budget has left where it was", 0),
  })
  .meta({
    description:
      "How `equalize` comes to what it leaves the process of the planned volumes: `target` is base + " +
      "weight + linkWork, and the rest adds up to what the process ends with",
  });

/** What B gets in the example's plan by `proportional`. */
const flow = z
  .strictObject({
    parts: count("Amounts that it gives or gets: one for each pair and volume", 2),
    exact: addresses(
      "What they are before they are rounded; negative: it gives",
      22.333333333333332,
    ),
    rounding: addresses("What whole addresses and extents add", -0.3333333333333321),
    budget: addresses("What the budget takes back", 0),
  })
  .meta({
    description:
      "How `pairwise` and `proportional` come to what the process has more of the planned volumes " +
      "afterwards: exact + rounding + budget",
  });

const rebalanceSummaryFields = {
  id: rebalanceId.nullable().meta({ description: "null for a no-op that was not a dry run" }),
  state: z.enum(["planned", "applied", "no-op", "rolled-back", "expired"]),
  strategy: z.enum(["consolidate", "equalize", "pairwise", "proportional"]),
  parameters: z.record(named(/^\w+$/, 64), z.unknown()).meta({ description: "What was asked for" }),
  planHash: sha256.meta({ description: "SHA-256 over the base revision and the moves" }),
  baseRevision: revision.meta({ description: "The store's head that it was planned on" }),
  revision: revision.nullable().meta({ description: "The revision it took" }),
  processCount: count("N of Eq. 1: active processes", 3),
  linkedProcessCount: count("N_R of Eq. 1: those whose R-node holds a link", 2),
  transferPercent: z
    .number()
    .nullable()
    .meta({ description: "K of Eq. 1 (proportional)", example: 33.333333333333336 }),
  replicationCost: z.strictObject({
    value: z.number(),
    source: z.enum(["request", "cluster", "equation-1"]),
  }),
  movedAddresses: count("Addresses that move", 22),
  minimumMovedAddresses: count("The least that any plan to the full target could move", 22),
  remainingAddresses: count("What a budget has left to later runs", 0),
  rangesBefore: count("Entries of the A2C table before", 3),
  rangesAfter: count("and after", 3),
  imbalance: z.strictObject({
    ...imbalance,
    volumes: z.array(z.strictObject({ volumeId, ...imbalance })),
  }),
  moveCount: count("Number of moves", 2),
  explanations: z.array(
    z.strictObject({
      code: code.meta({ example: "would-not-improve" }),
      detail: z.string(),
      volumeId: volumeId.optional(),
      processId: processId.optional(),
      counterfactual: counterfactual.optional(),
    }),
  ),
  requestedBy: actor,
  reason: text(1000).optional(),
  createdAt: time,
  appliedAt: time.optional(),
  rollbackRevision: revision.optional().meta({ description: "The revision that took it back" }),
  rolledBackAt: time.optional(),
};

export const rebalanceSummary = z
  .strictObject(rebalanceSummaryFields)
  .meta({ id: "RebalanceSummary" });

const rollback = z
  .strictObject({
    possible: z.boolean(),
    reason: z.string().optional().meta({ description: "Why not" }),
  })
  .meta({
    description:
      "Of a planned or applied rebalance: whether a rollback would be carried out as things stand " +
      "now; for a plan, once it were applied",
    example: { possible: true },
  });

const rebalanceFields = {
  ...rebalanceSummaryFields,
  rollback: rollback.optional(),
  moves: z
    .array(move)
    .max(MOVES_SHOWN_MAX)
    .meta({ description: `The first ${MOVES_SHOWN_MAX}` }),
  processes: z.array(
    z.strictObject({
      processId,
      linked: z.boolean(),
      addressesBefore: count("Addresses before, over all volumes", 33),
      addressesAfter: count("and after", 22),
      loadBefore: z.number(),
      loadAfter: z.number(),
      target: addresses("`equalize`: the exact share", 22.444444444444443).optional(),
      share: share.optional(),
      flow: flow.optional(),
    }),
  ),
};

export const rebalance = z.strictObject(rebalanceFields).meta({ id: "Rebalance" });
export const rebalanceWaited = z
  .strictObject({ ...rebalanceFields, delivery: deliveryProgress })
  .meta({ id: "RebalanceOnItsWay" });
