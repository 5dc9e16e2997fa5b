/** What is asked of, and told about, earlier revisions. */
import { z } from "zod";
import { MAX_ADDRESS_COUNT } from "../../core/model.ts";
import {
  actor,
  address,
  cNodeId,
  code,
  count,
  linkId,
  named,
  pageOf,
  pageQuery,
  processId,
  queryAddress,
  queryInteger,
  queryTime,
  revision,
  revisionKind,
  rNodeId,
  text,
  time,
  volumeId,
} from "./common.ts";
import { MOVES_SHOWN_MAX, move } from "./rebalances.ts";

export const revisionParams = z.strictObject({
  revision: queryInteger("A revision", { min: 0, max: MAX_ADDRESS_COUNT }).meta({ example: 8 }),
});

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
  actor: actor.optional().meta({ description: "Who asked for it" }),
  reason: text(1000).optional().meta({ description: "Why, where that was said" }),
  kind: revisionKind.optional().meta({ description: "What was done, for example `rebalance`" }),
});

export const addressHistory = z
  .strictObject({ volumeId, lba, ...pageOf(ownership).shape })
  .meta({ id: "AddressHistory" });

export const restorePost = z
  .strictObject({
    dryRun: z.boolean().optional().meta({ description: "Only tell what would change" }),
    reason: text(1000).optional().meta({ example: "before the night's rebalance" }),
    allowUnreachable: z
      .boolean()
      .optional()
      .meta({ description: "Also where storage servers that gain or lose cannot be reached" }),
  })
  .meta({ id: "RestorePost" });

export const restoration = z
  .strictObject({
    restoredRevision: revision.meta({ description: "Whose tables these are" }),
    revision: revision.nullable().meta({ description: "The new one; null: none was taken" }),
    movedAddresses: count("Addresses that go from one owner to another", 22),
    moveCount: count("Number of moves", 1),
    moves: z
      .array(move)
      .max(MOVES_SHOWN_MAX)
      .meta({ description: `The first ${MOVES_SHOWN_MAX}` }),
    links: z.array(
      z.strictObject({ linkId, fromRNodeId: rNodeId.nullable(), toRNodeId: rNodeId.nullable() }),
    ),
    keptVolumeIds: z.array(volumeId).meta({ description: "Came since, and keep their maps" }),
  })
  .meta({ id: "Restoration" });

export const auditQuery = z.strictObject({
  actor: text(256).min(1).optional().meta({ description: "Only what this actor did" }),
  from: queryTime("Only what was done at this time (RFC 3339) or later").optional(),
  to: queryTime("Only what was done before this time (RFC 3339)").optional(),
  ...pageQuery.shape,
});

export const auditEntry = z
  .strictObject({
    at: time,
    actor: actor.meta({ description: "Who called; unknown without a valid token" }),
    method: named(/^[A-Z]+$/, 16),
    path: named(/^[^?]*$/, 1000).meta({ description: "Without a query" }),
    outcome: z.enum(["committed", "done", "refused", "denied"]),
    status: z
      .int()
      .min(100)
      .max(599)
      .optional()
      .meta({ description: "Of the answer; not where it was committed" }),
    code: code.optional().meta({ description: "Of the problem" }),
    revision: revision.optional().meta({ description: "That it took" }),
  })
  .meta({ id: "AuditEntry" });
