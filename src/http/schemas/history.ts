/** What is asked of, and told about, earlier revisions. */
import { z } from "zod";
import {
  address,
  cNodeId,
  pageOf,
  pageQuery,
  processId,
  queryAddress,
  revision,
  time,
  volumeId,
} from "./common.ts";

const lba = address("The address", 25);

export const addressHistoryQuery = z.strictObject({
  lba: queryAddress("The address").meta({ example: 25 }),
  ...pageQuery.shape,
});

export const ownership = z.strictObject({
  firstLba: address("First address of the range that it came in", 22),
  lastLba: address("Last address of that range, included", 77),
  cNodeId,
  processId: processId
    .optional()
    .meta({ description: "The process that hosted the C-node at the end" }),
  fromRevision: revision.meta({ description: "By which it came" }),
  toRevision: revision.nullable().meta({ description: "By which it left; null: it stands" }),
  at: time.optional().meta({ description: "When it came" }),
  actor: z.string().optional().meta({ description: "Who asked for it" }),
  reason: z.string().optional().meta({ description: "Why, where that was said" }),
  kind: z.string().optional().meta({ description: "What was done, for example `rebalance`" }),
});

export const addressHistory = z
  .strictObject({ volumeId, lba, ...pageOf(ownership).shape })
  .meta({ id: "AddressHistory" });
