import { z } from "zod";
import type { ClusterState } from "../../core/cluster-state.ts";
import { formatDigest } from "../../core/digest.ts";
import {
  autoAssign,
  putAssignment,
  putAssignments,
  removeAssignment,
} from "../../operations/link-assignments.ts";
import { type Endpoint, endpoint, MIB } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, distributedTag, written } from "../reply.ts";
import { linkId } from "../schemas/common.ts";
import * as schemas from "../schemas/tables.ts";
import { assignmentView } from "../views.ts";
import { digestExample, assignmentExample as example } from "./examples.ts";
import { pastLinkAssignments } from "./past-tables.ts";

const params = z.strictObject({ linkId });
const base = { tag: "Tables", ifMatch: "optional" } as const;
const tableExample = { revision: 7, generation: 1, digest: digestExample, entries: [example] };

export function linkAssignmentEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      method: "GET",
      url: "/v1/link-assignments",
      role: "viewer",
      tag: "Tables",
      summary: "Read the assignment table",
      description:
        "Which R-node holds which IP link (FIG. 6), in link id order. With `revision` as it was " +
        "then, with the revision, generation and digest of that time.",
      query: schemas.linkAssignmentsQuery,
      ifNoneMatch: true,
      answers: {
        200: { description: "The table", schema: schemas.assignmentTable, example: tableExample },
      },
      problems: [404, 410],
      handle: ({ query: { revision } }) => {
        if (revision !== undefined) return pastLinkAssignments(parts, revision);
        const state = parts.state();
        return { status: 200, body: () => tableView(state), etag: distributedTag(state) };
      },
    }),
    endpoint({
      ...base,
      method: "PUT",
      url: "/v1/link-assignments",
      role: "operator",
      tagged: true,
      summary: "Replace the assignment table",
      description: "In one revision, so that links can be swapped. What stands already is kept.",
      body: schemas.assignmentsPut,
      bodyExample: { entries: [{ linkId: "link-1", rNodeId: "r-c" }] },
      bodyLimitBytes: 16 * MIB,
      ifMatch: "required",
      answers: {
        200: { description: "The table", schema: schemas.assignmentTable, example: tableExample },
      },
      problems: [409, 422],
      handle: async ({ body, caller }) => {
        const { state } = await putAssignments(parts, caller, body.entries);
        const { revision } = state;
        return { status: 200, body: tableView(state), revision, etag: distributedTag(state) };
      },
    }),
    endpoint({
      ...base,
      method: "PUT",
      url: "/v1/link-assignments/:linkId",
      role: "operator",
      tagged: true,
      summary: "Give a link to an R-node",
      description:
        "Takes it from another R-node if need be. Refused when the R-node holds another link or its " +
        "process is draining, and when the link is down or bound to another storage server.",
      params,
      body: schemas.assignmentPut,
      bodyExample: { rNodeId: "r-a" },
      answers: {
        200: {
          description: "It was held: as it is now",
          schema: schemas.assignmentAnswer,
          example,
        },
        201: { description: "It was free", schema: schemas.assignmentAnswer, example },
      },
      problems: [404, 409, 422],
      handle: async ({ params: { linkId: id }, body, caller }) => {
        const assignment = { linkId: id, rNodeId: body.rNodeId };
        const committed = await putAssignment(parts, caller, assignment);
        const { state } = committed;
        const version = { revision: state.distributedRevision };
        return written(committed, version, assignmentView(state, assignment));
      },
    }),
    endpoint({
      ...base,
      method: "DELETE",
      url: "/v1/link-assignments/:linkId",
      role: "operator",
      summary: "Release a link",
      description: "404 when nobody holds it.",
      params,
      answers: { 204: { description: "It is free" } },
      problems: [404],
      handle: async ({ params: { linkId: id }, caller }) =>
        deleted(await removeAssignment(parts, caller, id)),
    }),
    endpoint({
      ...base,
      method: "POST",
      url: "/v1/link-assignments/auto",
      role: "operator",
      summary: "Assign the free links",
      description:
        "Gives free links that are up to R-nodes of active processes without one, spread over the " +
        "storage servers as evenly as can be.",
      body: schemas.autoPost,
      bodyOptional: true,
      bodyExample: { dryRun: true },
      answers: {
        200: {
          description: "What was given",
          schema: schemas.autoAnswer,
          example: { revision: 8, entries: [example] },
        },
      },
      handle: async ({ body, caller }) => {
        const dryRun = body.dryRun ?? false;
        const { answer, state } = await autoAssign(parts, caller, { dryRun });
        const entries = answer.given.map((given) => assignmentView(state, given));
        const { revision, distributedRevision } = state;
        return { status: 200, body: { revision: distributedRevision, entries }, revision };
      },
    }),
  ];
}

function tableView(state: ClusterState): z.output<typeof schemas.assignmentTable> {
  return {
    revision: state.distributedRevision,
    generation: state.generation,
    digest: formatDigest(state.digest),
    entries: Array.from(state.linkAssignments.values(), (row) => assignmentView(state, row)),
  };
}
