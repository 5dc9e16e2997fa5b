import type { z } from "zod";
import { activeProcesses, type ClusterState, linkOf } from "../../core/cluster-state.ts";
import type { Convergence } from "../../core/convergence.ts";
import { clusterImbalance } from "../../core/imbalance.ts";
import { readConvergence } from "../../operations/convergence.ts";
import { beginGeneration } from "../../operations/generation.ts";
import { patchSettings } from "../../operations/settings.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { read, written } from "../reply.ts";
import * as schemas from "../schemas/cluster.ts";
import { toMicro } from "../schemas/common.ts";
import { formatTime, settingsView } from "../views.ts";

const example = {
  clusterId: "0b6f5b0e-3a52-4f8e-9d63-2f1f6f0c9a11",
  generation: 1,
  revision: 7,
  settledRevision: 7,
  settings: { replicationCost: 0.5 },
  processCount: 3,
  linkedProcessCount: 2,
  spareLinks: 0,
  imbalance: 1.206,
  storageServers: { current: 3 },
  convergence: { revisions: 40, p50Ms: 12, p99Ms: 85, pending: 0 },
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
      description:
        "How big it is, how even its load, how far its storage servers are, and how long revisions " +
        "take to reach all of them.",
      answers: { 200: { description: "The cluster", schema: schemas.cluster, example } },
      handle: async () => {
        const convergence = await readConvergence(parts, parts.state());
        const state = parts.state();
        return read(state, state.settings, clusterView(parts, state, convergence));
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
        const convergence = await readConvergence(parts, state);
        return written(committed, state.settings, clusterView(parts, state, convergence));
      },
    }),
    endpoint({
      tag: "Distribution",
      url: "/v1/generation",
      method: "POST",
      role: "admin",
      summary: "Begin a new generation",
      description:
        "Every storage server is sent a snapshot, whatever it has, also one that is `ahead`. To be " +
        "used when the service has lost revisions that servers have. Until every server has " +
        "acknowledged it, addresses that a server did not own before stay unserved.",
      body: schemas.generationPost,
      bodyOptional: true,
      bodyExample: { reason: "restored from the copy of 2 a.m." },
      answers: {
        200: {
          description: "The generation that began",
          schema: schemas.generationAnswer,
          example: { generation: 1795342530, revision: 8 },
        },
      },
      handle: async ({ body, caller }) => {
        const { state } = await beginGeneration(parts, caller, body.reason);
        const { generation, revision } = state;
        return { status: 200, body: { generation, revision }, revision };
      },
    }),
  ];
}

function clusterView(
  parts: RouteParts,
  state: ClusterState,
  known: Convergence | undefined,
): z.output<typeof schemas.cluster> {
  const active = activeProcesses(state);
  return {
    clusterId: state.clusterId,
    generation: state.generation,
    revision: state.revision,
    settledRevision: parts.distribution.settledRevision(),
    settings: settingsView(state.settings),
    processCount: active.length,
    linkedProcessCount: active.filter((process) => linkOf(state, process) !== undefined).length,
    spareLinks: [...state.links.values()].filter(
      (link) => link.state === "up" && !state.linkAssignments.has(link.id),
    ).length,
    imbalance: clusterImbalance(state),
    storageServers: parts.distribution.deliveryCounts(),
    ...(known ? { convergence: convergenceView(known) } : {}),
  };
}

function convergenceView({ pendingSince, ...convergence }: Convergence) {
  if (pendingSince === undefined) return convergence;
  return { ...convergence, pendingSince: formatTime(pendingSince) };
}
