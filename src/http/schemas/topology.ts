import { z } from "zod";
import {
  callbackUrl,
  cNodeId,
  count,
  decimal,
  dNodeId,
  generation,
  labels,
  linkId,
  networkAddress,
  port,
  positive,
  processId,
  readOnly,
  revision,
  rNodeId,
  serviceState,
  storageServerId,
  time,
  uniqueBy,
  volumeId,
  weight,
} from "./common.ts";

const storageServerFields = {
  callbackUrl: callbackUrl.optional(),
  labels: labels.optional(),
};
const storageServerReadOnly = { state: readOnly, delivery: readOnly, lastSeenAt: readOnly };

export const storageServerPut = z
  .strictObject({ ...storageServerFields, id: readOnly, ...storageServerReadOnly })
  .meta({ id: "StorageServerPut" });
export const storageServerPatch = z
  .strictObject({
    callbackUrl: callbackUrl.nullable().optional(),
    labels: labels.nullable().optional(),
    state: serviceState.optional(),
  })
  .meta({ id: "StorageServerPatch" });

export const deliveryState = z
  .enum(["current", "behind", "parked", "dormant", "gone", "ahead"])
  .meta({
    description:
      "`current` has the head; `behind` is being sent it; `parked` refused this revision; " +
      "`dormant` has not answered for ten minutes; `gone` said so; `ahead` reports more than the head",
  });

const deliverySchema = z
  .strictObject({
    state: deliveryState,
    headRevision: revision.meta({ description: "The distributed head" }),
    ackedRevision: revision
      .optional()
      .meta({ description: "What the server has durably; absent when nothing is known" }),
    lag: count("headRevision − ackedRevision", 0),
    since: time.meta({ description: "In this state since" }),
    lastAttemptAt: time.optional(),
    lastError: z.string().optional().meta({ description: "The last failure in words" }),
    consecutiveFailures: count("Failed attempts in a row", 0),
    nextAttemptAt: time.optional(),
  })
  .meta({ id: "Delivery" });

export const storageServer = z
  .strictObject({
    id: storageServerId,
    ...storageServerFields,
    state: serviceState,
    delivery: deliverySchema,
    lastSeenAt: time.optional(),
  })
  .meta({ id: "StorageServer" });

export const signingSecret = z
  .string()
  .meta({ description: "Key of the signature on every push (Standard Webhooks); shown once" });
export const token = z.string().meta({ description: "The server's own bearer token; shown once" });
export const storageServerCreated = z
  .strictObject({ ...storageServer.shape, signingSecret, token })
  .meta({ id: "StorageServerCreated" });

const processFields = {
  storageServerId,
  rNodeId,
  cNodeId,
  dNodeId: dNodeId.optional(),
  weight: weight.optional(),
};
const processReadOnly = {
  state: readOnly,
  linkId: readOnly,
  addressCount: readOnly,
  rangeCount: readOnly,
};

export const processPut = z
  .strictObject({ ...processFields, id: readOnly, ...processReadOnly })
  .meta({ id: "ProcessPut" });
export const processPatch = z
  .strictObject({ weight: weight.optional(), state: serviceState.optional() })
  .meta({ id: "ProcessPatch" });
export const process = z
  .strictObject({
    id: processId,
    ...processFields,
    weight,
    state: serviceState,
    linkId: linkId.nullable().meta({ description: "The link that its R-node holds" }),
    addressCount: count("Addresses that its C-node owns, over all volumes", 33),
    rangeCount: count("Ranges that its C-node owns, over all volumes", 1),
  })
  .meta({ id: "Process" });

const linkState = z
  .enum(["up", "down"])
  .meta({ description: "A link that goes `down` is released", example: "up" });
const linkFields = {
  remoteAddress: networkAddress.optional(),
  remotePort: port.optional(),
  localAddress: networkAddress.optional(),
  labels: labels.optional(),
  storageServerId: storageServerId
    .optional()
    .meta({ description: "Only an R-node of this server may hold the link", example: "s-1" }),
  state: linkState.optional(),
};
const linkReadOnly = { rNodeId: readOnly };

export const linkPut = z
  .strictObject({ ...linkFields, id: readOnly, ...linkReadOnly })
  .meta({ id: "LinkPut" });
export const linkPatch = z
  .strictObject({
    remoteAddress: networkAddress.nullable().optional(),
    remotePort: port.nullable().optional(),
    localAddress: networkAddress.nullable().optional(),
    labels: labels.nullable().optional(),
    storageServerId: storageServerId.nullable().optional(),
    state: linkState.optional(),
  })
  .meta({ id: "LinkPatch" });
export const link = z
  .strictObject({
    id: linkId,
    ...linkFields,
    state: linkState,
    rNodeId: rNodeId.nullable().meta({ description: "The R-node that holds it" }),
  })
  .meta({ id: "Link" });

export const range = z
  .strictObject({
    firstLba: count("First address", 0),
    lastLba: count("Last address, included", 32),
    cNodeId,
  })
  .meta({ id: "Range" });
export const mapEntries = z.array(range).min(1);

const volumeFields = {
  blockCount: positive("Addresses 0 … blockCount − 1; a multiple of extentBlocks", 101),
  extentBlocks: positive(
    "All boundaries fall on multiples of it (default 1); fixed at creation",
    1,
  ).optional(),
};

export const volumePut = z
  .strictObject({
    ...volumeFields,
    entries: mapEntries.optional().meta({
      description:
        "The first map; without it every active C-node gets a part by weight. Ignored later",
    }),
    id: readOnly,
    rangeCount: readOnly,
    revision: readOnly,
  })
  .meta({ id: "VolumePut" });
export const volume = z
  .strictObject({
    id: volumeId,
    blockCount: volumeFields.blockCount,
    extentBlocks: positive("All boundaries fall on multiples of it", 1),
    rangeCount: count("Entries of its map", 3),
    revision: revision.meta({ description: "When its map last changed" }),
  })
  .meta({ id: "Volume" });

export const assignment = z.strictObject({ linkId, rNodeId }).meta({ id: "Assignment" });

/** Enough for any cluster that fits the limits, and an end to what a request may cost. */
const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(100_000);

export const topologyPost = z
  .strictObject({
    storageServers: listOf(storageServerPut.extend({ id: storageServerId }))
      .superRefine(uniqueBy("id"))
      .optional(),
    processes: listOf(processPut.extend({ id: processId }))
      .superRefine(uniqueBy("id"))
      .optional(),
    links: listOf(linkPut.extend({ id: linkId }))
      .superRefine(uniqueBy("id"))
      .optional(),
    volumes: listOf(volumePut.extend({ id: volumeId }))
      .superRefine(uniqueBy("id"))
      .optional(),
    linkAssignments: listOf(assignment)
      .superRefine(uniqueBy("linkId"))
      .superRefine(uniqueBy("rNodeId"))
      .optional(),
  })
  .meta({ id: "TopologyPost" });

export const topologyAnswer = z
  .strictObject({
    revision,
    created: z.strictObject({
      storageServers: z.array(z.strictObject({ id: storageServerId, signingSecret, token })),
      processes: count("New processes", 3),
      links: count("New links", 2),
      volumes: count("New volumes", 1),
      linkAssignments: count("New assignments", 2),
    }),
    changed: count("Items that stood and were changed", 0),
    unchanged: count("Items that stood and were left as they are", 0),
    kept: z.array(z.strictObject({ linkId, rNodeId: rNodeId.nullable() })).meta({
      description: "Assignments that differ and were left as they are; null: nobody holds the link",
    }),
  })
  .meta({ id: "TopologyAnswer" });

export const replicationCost = decimal(
  "ρ: cost of transmitting one address's replication data relative to serving its I/O",
  { min: 0, max: 1_000_000 },
  0.666667,
);

const settings = z.strictObject({ replicationCost: replicationCost.optional() });

const settingsPatch = { replicationCost: replicationCost.nullable().optional() };

export const clusterPatch = z
  .strictObject({ settings: z.strictObject(settingsPatch).optional(), ...settingsPatch })
  .refine((patch) => patch.settings === undefined || patch.replicationCost === undefined, {
    message: "must name a setting once, either here or inside settings",
    path: ["replicationCost"],
  })
  .meta({
    id: "ClusterPatch",
    description: "Settings by name, or inside `settings` as `GET` has them; null clears",
  });

export const cluster = z
  .strictObject({
    clusterId: z.string().meta({ description: "Made when the store was" }),
    generation,
    revision: revision.meta({ description: "The store's head" }),
    settings,
    processCount: count("Active processes: N of Eq. 1", 3),
    linkedProcessCount: count("Active processes whose R-node holds a link: N_R of Eq. 1", 2),
    spareLinks: count("Links that are up and that nobody holds", 0),
    imbalance: z
      .number()
      .meta({ description: "max load / mean load; 1 is perfect", example: 1.206 }),
    storageServers: z
      .partialRecord(deliveryState, z.int())
      .meta({ description: "Storage servers by delivery state", example: { current: 3 } }),
  })
  .meta({ id: "Cluster" });
