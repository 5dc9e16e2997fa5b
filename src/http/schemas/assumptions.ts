import { z } from "zod";
import {
  cNodeId,
  linkId,
  processId,
  rNodeId,
  storageServerId,
  unique,
  uniqueBy,
  weight,
} from "./common.ts";
import { assignment } from "./topology.ts";

const assumedProcess = z.strictObject({
  id: processId,
  storageServerId: storageServerId.optional(),
  rNodeId,
  cNodeId,
  weight: weight.optional(),
});

export const assume = z
  .strictObject({
    linksDown: unique(linkId).optional(),
    linksUp: unique(linkId).optional(),
    linkAssignments: unique(assignment)
      .superRefine(uniqueBy("linkId"))
      .superRefine(uniqueBy("rNodeId"))
      .optional(),
    processesAdded: unique(assumedProcess).superRefine(uniqueBy("id")).optional(),
    processesDraining: unique(processId).optional(),
  })
  .meta({
    id: "Assumptions",
    description: "With `dryRun`: plans for a cluster in which this is so, and changes nothing",
  });
