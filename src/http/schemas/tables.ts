import { z } from "zod";
import { ID_PATTERN, MAX_ADDRESS_COUNT } from "../../core/model.ts";
import {
  actor,
  address,
  cNodeId,
  count,
  generation,
  linkId,
  named,
  networkAddress,
  pageQuery,
  port,
  processId,
  queryAddress,
  queryInteger,
  queryTime,
  revision,
  revisionKind,
  rNodeId,
  storageServerId,
  text,
  time,
  uniqueBy,
  volumeId,
} from "./common.ts";
import { assignment, mapEntries } from "./topology.ts";

export const digest = z
  .string()
  .regex(/^xor-sha256:[0-9a-f]{64}$/)
  .meta({ maxLength: 75, description: "XOR of the SHA-256 of each row of the distributed state" });

const queryRevision = queryInteger("The table as it was at this revision", {
  min: 0,
  max: MAX_ADDRESS_COUNT,
}).optional();

export const a2cQuery = z.strictObject({
  volumeId: volumeId.optional(),
  cNodeId: cNodeId.optional(),
  revision: queryRevision,
});

export const linkAssignmentsQuery = z.strictObject({ revision: queryRevision });

export const a2cTable = z
  .strictObject({
    revision: revision.meta({
      description: "The distributed head; with `volumeId`, when that volume's map last changed",
    }),
    generation,
    digest: digest
      .optional()
      .meta({ description: "Of the distributed state; not with `volumeId`" }),
    entries: z.array(
      z.strictObject({
        volumeId,
        firstLba: address("First address", 0),
        lastLba: address("Last address, included", 32),
        cNodeId,
      }),
    ),
  })
  .meta({ id: "A2cTable", description: "In volume and address order, canonical" });

export const mapPut = z.strictObject({ entries: mapEntries }).meta({ id: "MapPut" });
export const mapAnswer = z
  .strictObject({ revision, volumeId, entries: count("Entries of the map", 3) })
  .meta({ id: "MapAnswer" });

export const lookupQuery = z.strictObject({
  firstLba: queryAddress("First address of the I/O").meta({ example: 23 }),
  lastLba: queryAddress("Last address of the I/O, included").meta({ example: 43 }),
});

export const lookupAnswer = z
  .strictObject({
    revision: revision.meta({ description: "When the volume's map last changed" }),
    segments: z.array(
      z.strictObject({
        firstLba: address("First address", 23),
        lastLba: address("Last address, included", 32),
        cNodeId,
        processId,
        storageServerId,
      }),
    ),
  })
  .meta({ id: "Lookup" });

const assignmentRow = z.strictObject({
  linkId,
  rNodeId,
  processId,
  storageServerId,
  remoteAddress: networkAddress.optional(),
  remotePort: port.optional(),
});

export const assignmentTable = z
  .strictObject({ revision, generation, digest, entries: z.array(assignmentRow) })
  .meta({ id: "AssignmentTable" });

export const assignmentPut = z.strictObject({ rNodeId }).meta({ id: "AssignmentPut" });
export const assignmentAnswer = assignmentRow.meta({ id: "AssignmentRow" });

export const assignmentsPut = z
  .strictObject({
    entries: z
      .array(assignment)
      .max(100_000)
      .superRefine(uniqueBy("linkId"))
      .superRefine(uniqueBy("rNodeId")),
  })
  .meta({ id: "AssignmentsPut" });

export const autoPost = z
  .strictObject({
    dryRun: z.boolean().optional().meta({ description: "Only tell what would be given" }),
  })
  .meta({ id: "AutoAssignPost" });
export const autoAnswer = z
  .strictObject({ revision, entries: z.array(assignmentRow) })
  .meta({ id: "AutoAssignment", description: "What was given (or, dry, would be)" });

export const changedCounts = z.strictObject({
  a2cEntries: count("Rows that the A2C table gained", 3),
  linkAssignments: count("Links that got, lost or changed their R-node", 0),
  movedAddresses: count("Addresses that went from one owner to another", 22),
});

export const revisionsQuery = z.strictObject({
  kind: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be a kind of revision, as `rebalance`")
    .optional()
    .meta({
      description: "Only what was done in this way, as `rebalance` or `register-process`",
      maxLength: 64,
    }),
  actor: text(256).min(1).optional().meta({ description: "Only what this actor did" }),
  from: queryTime("Only what was done at this time (RFC 3339) or later").optional(),
  to: queryTime("Only what was done before this time (RFC 3339)").optional(),
  ...pageQuery.shape,
});

export const revisionSummary = z
  .strictObject({
    revision,
    at: time,
    actor: actor.meta({ description: "Who did it", example: "local" }),
    reason: text(1000).optional(),
    kind: revisionKind.meta({ description: "What was done", example: "rebalance" }),
    changed: changedCounts,
    convergedAt: time
      .optional()
      .meta({ description: "When every storage server had acknowledged it" }),
  })
  .meta({ id: "Revision" });

const recordChanges = z
  .array(
    z.strictObject({
      id: named(ID_PATTERN, 128),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  )
  .meta({ description: "What stood before and after; absent: did not exist" });

export const revisionDetails = z
  .strictObject({
    ...revisionSummary.shape,
    changes: z.strictObject({
      storageServers: recordChanges,
      processes: recordChanges,
      links: recordChanges,
      volumes: recordChanges,
      linkAssignments: recordChanges,
      settings: z.unknown().optional(),
      a2c: z.array(
        z.strictObject({ volumeId, removed: z.array(z.unknown()), added: z.array(z.unknown()) }),
      ),
    }),
  })
  .meta({ id: "RevisionDetails" });

export const deliveryProgress = z
  .strictObject({
    revision,
    servers: count("Registered storage servers", 3),
    acked: count("Servers that have it durably", 3),
    behind: z.array(storageServerId).meta({ description: "Those that don't have it yet" }),
    convergedAt: time.optional(),
  })
  .meta({ id: "RevisionDelivery" });
