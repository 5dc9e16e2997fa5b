import { z } from "zod";
import { clusterId, count, decimal, generation, revision, text, time } from "./common.ts";
import { deliveryState } from "./storage-servers.ts";

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

const convergence = z
  .strictObject({
    revisions: count("Revisions that these figures are of: every storage server has them", 40),
    p50Ms: count(
      "Half of them took no longer until the last server had acknowledged",
      12,
    ).optional(),
    p99Ms: count("99 of 100 took no longer", 85).optional(),
    pending: count("Revisions that some storage server does not have yet", 0),
    pendingSince: time.optional().meta({ description: "When the oldest of those was made" }),
  })
  .meta({
    description:
      "How long revisions take: of the last 1,000, those that changed the tables; absent while the " +
      "store is out of reach",
  });

export const cluster = z
  .strictObject({
    clusterId: clusterId.meta({ description: "Made when the store was" }),
    generation,
    revision: revision.meta({ description: "The store's head" }),
    settledRevision: revision.meta({
      description:
        "Every server that lost addresses up to here has acknowledged it: what came up to here may " +
        "be served",
    }),
    settings,
    processCount: count("Active processes: N of Eq. 1", 3),
    linkedProcessCount: count("Active processes whose R-node holds a link: N_R of Eq. 1", 2),
    spareLinks: count("Links that are up and that nobody holds", 0),
    imbalance: z
      .number()
      .meta({ description: "max load / mean load; 1 is perfect", example: 1.206 }),
    storageServers: z
      .partialRecord(deliveryState, count("Storage servers in this state", 3))
      .meta({ description: "Storage servers by delivery state", example: { current: 3 } }),
    convergence: convergence.optional(),
  })
  .meta({ id: "Cluster" });

export const generationPost = z
  .strictObject({
    reason: text(1000).optional().meta({ description: "Why; kept with the revision" }),
  })
  .meta({ id: "GenerationPost" });
export const generationAnswer = z
  .strictObject({
    generation,
    revision: revision.meta({ description: "The revision that began it" }),
  })
  .meta({ id: "Generation" });
