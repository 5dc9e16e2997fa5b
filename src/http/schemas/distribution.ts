/** What storage servers are sent, and what they say of themselves (distribution). */

import { z } from "zod";
import { MAX_ADDRESS_COUNT } from "../../core/model.ts";
import {
  address,
  clusterId,
  cNodeId,
  count,
  linkId,
  networkAddress,
  port,
  processId,
  queryInteger,
  revision,
  rNodeId,
  sha256,
  storageServerId,
  uniqueBy,
  volumeId,
} from "./common.ts";
import { loadFigures } from "./topology.ts";

/** A receiver that has nothing is at generation 0. */
const position = (description: string) =>
  z.int().min(0).max(MAX_ADDRESS_COUNT).meta({ description, example: 1 });
const queryPosition = (description: string) =>
  queryInteger(description, { min: 0, max: MAX_ADDRESS_COUNT });
const digest = z
  .string()
  .regex(/^xor-sha256:[0-9a-f]{64}$/, "must be xor-sha256: and 64 hex digits in lower case")
  .meta({
    description: "Of what the server has",
    maxLength: 75,
    example: `xor-sha256:${"3f".repeat(32)}`,
  });

export const reportPost = z
  .strictObject({
    generation: position("Of the tables that the server has; 0 when it has none"),
    revision: position("Of the same"),
    digest,
    links: z
      .array(z.strictObject({ linkId, state: z.enum(["up", "down"]) }))
      .max(1_000)
      .superRefine(uniqueBy("linkId"))
      .optional()
      .meta({ description: "Health of the server's own links; one that is down is released" }),
    processes: z
      .array(z.strictObject({ processId, ...loadFigures }))
      .max(1_000)
      .superRefine(uniqueBy("processId"))
      .optional()
      .meta({ description: "Measured load of the server's own processes" }),
  })
  .meta({ id: "ReportPost" });

const settledRevision = revision.meta({
  description: "Addresses that came up to this revision may be served",
});
export const reportAnswer = z
  .strictObject({
    generation: position("The service's"),
    revision: revision.meta({ description: "The distributed head" }),
    settledRevision,
    upToDate: z.boolean().meta({ description: "The server has the head, digest and all" }),
  })
  .meta({ id: "ReportAnswer" });

export const updatesQuery = z.strictObject({
  generation: queryPosition("Of the tables that the server has").meta({ example: 1 }),
  after: queryPosition("The revision that the server has").meta({ example: 7 }),
  waitSeconds: queryInteger("So long at most for something newer", { min: 0, max: 60 }).optional(),
  settledRevision: queryPosition(
    "What the server knows to be settled; with it, more than that is news too",
  ).optional(),
});

export const snapshotParams = z.strictObject({
  generation: queryPosition("The generation").meta({ example: 1 }),
  revision: queryPosition("The revision").meta({ example: 7 }),
});

export const snapshotQuery = z.strictObject({
  settledRevision: queryPosition(
    "What the snapshot calls settled, where the service has named it so",
  ).optional(),
});

const heading = {
  type: z.literal("tables.update"),
  clusterId,
  generation: position("The service's"),
  revision: revision.meta({ description: "What the receiver has afterwards" }),
  settledRevision,
};
const tables = {
  removed: z
    .strictObject({
      volumeIds: z.array(volumeId),
      processIds: z.array(processId),
      linkIds: z.array(linkId),
    })
    .meta({ description: "Taken out before anything is put in" }),
  volumes: z.array(z.strictObject({ volumeId, blockCount: count("Number of addresses", 101) })),
  nodes: z.array(z.strictObject({ processId, storageServerId, rNodeId, cNodeId })),
  a2c: z
    .array(
      z.strictObject({
        volumeId,
        firstLba: address("First address", 0),
        lastLba: address("Last address, included", 32),
        cNodeId,
      }),
    )
    .meta({ description: "Who owns these addresses now, whatever was there" }),
  linkAssignments: z.array(
    z.strictObject({
      linkId,
      rNodeId,
      remoteAddress: networkAddress.optional(),
      remotePort: port.optional(),
    }),
  ),
  digest: digest.meta({ description: "Of the distributed state after the update" }),
};

export const snapshotUpdate = z
  .strictObject({ ...heading, kind: z.literal("snapshot"), ...tables })
  .meta({ id: "SnapshotUpdate", description: "The whole" });
const deltaUpdate = z
  .strictObject({
    ...heading,
    kind: z.literal("delta"),
    fromRevision: revision.meta({ description: "The one revision that it applies to" }),
    ...tables,
  })
  .meta({ id: "DeltaUpdate", description: "What differs from a revision" });
const referenceUpdate = z
  .strictObject({
    ...heading,
    kind: z.literal("snapshot-ref"),
    digest: tables.digest,
    url: z.string().max(2048).meta({ description: "Where the snapshot is fetched", format: "uri" }),
    bytes: count("Of the snapshot, uncompressed", 1_500_000),
    sha256: sha256.meta({ description: "Of the same, in hex" }),
  })
  .meta({ id: "SnapshotReference", description: "A snapshot of over 1 MiB" });
const settledUpdate = z
  .strictObject({ ...heading, kind: z.literal("settled") })
  .meta({ id: "SettledUpdate", description: "More is settled" });

export const update = z
  .union([snapshotUpdate, deltaUpdate, referenceUpdate, settledUpdate])
  .meta({ id: "TablesUpdate" });
