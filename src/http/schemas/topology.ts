import { z } from "zod";
import {
  cNodeId,
  count,
  dNodeId,
  heldBackBy,
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
import { signingSecret, storageServerPut, token } from "./storage-servers.ts";

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
  heldBackBy: readOnly,
  measuredLoad: readOnly,
};

/** In a unit of the storage server's own choice. */
const load = (description: string, example: number) =>
  z.number().min(0).meta({ description, example });
export const loadFigures = {
  cNodeLoad: load("Work of the C-node, in a unit of the storage server's choice", 120.5),
  rNodeLoad: load("Work of the R-node, in the same unit", 48),
};
const measuredLoad = z
  .strictObject({ ...loadFigures, at: time })
  .meta({ description: "As its storage server last reported it" });

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
    heldBackBy,
    measuredLoad: measuredLoad.optional(),
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
/** What 128 MiB can hold, since no entry is shorter than 40 bytes: the body's limit checks it. */
const MAP_ENTRIES_MAX = 3_355_443;
export const mapEntries = z.array(range).meta({ maxItems: MAP_ENTRIES_MAX });

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
const LIST_ITEMS_MAX = 100_000;
const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(LIST_ITEMS_MAX);

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
      storageServers: listOf(z.strictObject({ id: storageServerId, signingSecret, token })),
      processes: count("New processes", 3),
      links: count("New links", 2),
      volumes: count("New volumes", 1),
      linkAssignments: count("New assignments", 2),
    }),
    changed: count("Items that stood and were changed", 0),
    unchanged: count("Items that stood and were left as they are", 0),
    kept: listOf(z.strictObject({ linkId, rNodeId: rNodeId.nullable() })).meta({
      description: "Assignments that differ and were left as they are; null: nobody holds the link",
    }),
  })
  .meta({ id: "TopologyAnswer" });
