import type { z } from "zod";
import { activeProcesses, type ClusterState, linkOf } from "../../core/cluster-state.ts";
import { clusterImbalance } from "../../core/load-model.ts";
import { patchSettings } from "../../operations/settings.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { read, written } from "../reply.ts";
import * as schemas from "../schemas/cluster.ts";
import { toMicro } from "../schemas/common.ts";
import { settingsView } from "../views.ts";

const example = {
  clusterId: "0b6f5b0e-3a52-4f8e-9d63-2f1f6f0c9a11",
  generation: 1,
  revision: 7,
  settings: { replicationCost: 0.5 },
  processCount: 3,
  linkedProcessCount: 2,
  spareLinks: 0,
  imbalance: 1.206,
  storageServers: { current: 3 },
};

export function clusterEndpoints(parts: RouteParts): Endpoint[] {
  const base = { tag: "Topology", url: "/v1/cluster" } as const;
  return [
    endpoint({
      ...base,
      method: "GET",
      role: "viewer",
      tagged: true,
      summary: "Read the cluster at a glance",
      description: "How big it is, how even its load, and how far its storage servers are.",
      answers: { 200: { description: "The cluster", schema: schemas.cluster, example } },
      handle: () => {
        const state = parts.state();
        return read(state, state.settings, clusterView(parts, state));
      },
    }),
    endpoint({
      ...base,
      method: "PATCH",
      role: "operator",
      tagged: true,
      summary: "Change the cluster's settings",
      description:
        "`replicationCost` is ρ of the load model; `null` clears it, and ρ is then N_R / N, as Eq. 1 " +
        "assumes.",
      body: schemas.clusterPatch,
      bodyExample: { settings: { replicationCost: 0.5 } },
      ifMatch: "optional",
      answers: {
        200: { description: "The cluster as it is now", schema: schemas.cluster, example },
      },
      handle: async ({ body, caller }) => {
        const replicationCost = body.settings
          ? body.settings.replicationCost
          : body.replicationCost;
        const replicationCostMicro =
          typeof replicationCost === "number" ? toMicro(replicationCost) : replicationCost;
        const { state } = await patchSettings(parts, caller, { replicationCostMicro });
        const committed = { answer: { created: false }, state, changed: true };
        return written(committed, state.settings, clusterView(parts, state));
      },
    }),
  ];
}

function clusterView(parts: RouteParts, state: ClusterState): z.output<typeof schemas.cluster> {
  const active = activeProcesses(state);
  return {
    clusterId: state.clusterId,
    generation: state.generation,
    revision: state.revision,
    settings: settingsView(state.settings),
    processCount: active.length,
    linkedProcessCount: active.filter((process) => linkOf(state, process) !== undefined).length,
    spareLinks: [...state.links.values()].filter(
      (link) => link.state === "up" && !state.linkAssignments.has(link.id),
    ).length,
    imbalance: clusterImbalance(state),
    storageServers: parts.distribution.deliveryCounts(),
  };
}
