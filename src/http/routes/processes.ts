import { z } from "zod";
import type { ClusterState } from "../../core/cluster-state.ts";
import { findProcess } from "../../core/decisions/find.ts";
import type { Process } from "../../core/model.ts";
import { patchProcess, putProcess, removeProcess } from "../../operations/processes.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfMap } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, read, written } from "../reply.ts";
import { pageOf, pageQuery, processId, toMilli } from "../schemas/common.ts";
import * as schemas from "../schemas/topology.ts";
import { processView } from "../views.ts";
import { processExample as example } from "./examples.ts";

const base = { tag: "Topology", params: z.strictObject({ processId }) } as const;
const url = "/v1/processes/:processId";
const { storageServerId, rNodeId, cNodeId } = example;

/** Weights are exact in thousandths inside, decimal numbers outside. */
export function weightField(weight: number | undefined): { weightMilli?: number } {
  return weight === undefined ? {} : { weightMilli: toMilli(weight) };
}

export function processEndpoints(parts: RouteParts): Endpoint[] {
  const view = (state: ClusterState, item: Process) =>
    processView(state, item, parts.loads.get(item.id));
  return [
    endpoint({
      ...base,
      method: "PUT",
      url,
      role: "operator",
      tagged: true,
      summary: "Register or change a process",
      description:
        "A process hosts one R-node, one C-node and perhaps a D-node; their ids are unique in the " +
        "cluster. A new process owns nothing until the next `equalize`. While it owns addresses or " +
        "holds a link, its server and nodes cannot change, but for a first D-node. A weight left out " +
        "keeps its value.",
      body: schemas.processPut,
      bodyExample: { storageServerId, rNodeId, cNodeId, weight: 1 },
      ifMatch: "optional",
      answers: {
        200: { description: "It stood: as it is now", schema: schemas.process, example },
        201: {
          description: "It is new",
          schema: schemas.process,
          example: { ...example, linkId: null, addressCount: 0, rangeCount: 0, heldBackBy: [] },
        },
      },
      problems: [409, 422],
      handle: async ({ params, body, caller }) => {
        const { storageServerId, rNodeId, cNodeId, dNodeId, weight } = body;
        const id = params.processId;
        const committed = await putProcess(parts, caller, {
          id,
          storageServerId,
          rNodeId,
          cNodeId,
          dNodeId,
          ...weightField(weight),
        });
        const process = findProcess(committed.state, id);
        return written(committed, process, view(committed.state, process));
      },
    }),
    endpoint({
      tag: "Topology",
      method: "GET",
      url: "/v1/processes",
      role: "viewer",
      summary: "List the processes",
      description: "In id order, each with its link and what its C-node owns.",
      query: pageQuery,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.process),
          example: { items: [example] },
        },
      },
      handle: ({ query }) => {
        const state = parts.state();
        const body = pageOfMap(state.processes, query, (item) => view(state, item));
        return { status: 200, body };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url,
      role: "viewer",
      tagged: true,
      summary: "Read a process",
      description: "With the link that its R-node holds and what its C-node owns.",
      answers: { 200: { description: "The process", schema: schemas.process, example } },
      problems: [404],
      handle: ({ params }) => {
        const state = parts.state();
        const process = findProcess(state, params.processId);
        return read(state, process, view(state, process));
      },
    }),
    endpoint({
      ...base,
      method: "PATCH",
      url,
      role: "operator",
      tagged: true,
      summary: "Change a process's weight or state",
      description:
        "A draining process takes no new link; the next `equalize` leaves its C-node without addresses.",
      body: schemas.processPatch,
      bodyExample: { state: "draining" },
      ifMatch: "optional",
      answers: {
        200: {
          description: "The process as it is now",
          schema: schemas.process,
          example: { ...example, state: "draining" },
        },
      },
      problems: [404],
      handle: async ({ params, body, caller }) => {
        const { weight, state } = body;
        const id = params.processId;
        const patch = { id, state, ...weightField(weight) };
        const committed = await patchProcess(parts, caller, patch);
        const process = findProcess(committed.state, id);
        return written(committed, process, view(committed.state, process));
      },
    }),
    endpoint({
      ...base,
      method: "DELETE",
      url,
      role: "operator",
      summary: "Delete a process",
      description: "Refused while its C-node owns addresses or its R-node holds a link.",
      ifMatch: "optional",
      answers: { 204: { description: "It is gone" } },
      problems: [404, 409],
      handle: async ({ params, caller }) =>
        deleted(await removeProcess(parts, caller, params.processId)),
    }),
  ];
}
