import { z } from "zod";
import { findLink } from "../../core/decisions/find.ts";
import { patchLink, putLink, removeLink } from "../../operations/links.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfMap } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, read, written } from "../reply.ts";
import { linkId, pageOf, pageQuery } from "../schemas/common.ts";
import * as schemas from "../schemas/topology.ts";
import { linkView } from "../views.ts";
import { linkExample as example } from "./examples.ts";

const base = { tag: "Topology", params: z.strictObject({ linkId }) } as const;
const url = "/v1/links/:linkId";
const { remoteAddress, remotePort } = example;

export function linkEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "PUT",
      url,
      role: "operator",
      tagged: true,
      summary: "Register or change an IP link",
      description:
        "A link bound to a storage server may only be held by an R-node there. `state: down` " +
        "releases it in the same revision. Fields left out keep their value.",
      body: schemas.linkPut,
      bodyExample: { remoteAddress, remotePort },
      ifMatch: "optional",
      answers: {
        200: { description: "It stood: as it is now", schema: schemas.link, example },
        201: {
          description: "It is new",
          schema: schemas.link,
          example: { ...example, rNodeId: null },
        },
      },
      problems: [409, 422],
      handle: async ({ params, body, caller }) => {
        const { id: _id, rNodeId: _rNodeId, ...fields } = body;
        const committed = await putLink(parts, caller, { ...fields, id: params.linkId });
        const link = findLink(committed.state, params.linkId);
        return written(committed, link, linkView(committed.state, link));
      },
    }),
    endpoint({
      tag: "Topology",
      method: "GET",
      url: "/v1/links",
      role: "viewer",
      summary: "List the IP links",
      description: "In id order, each with the R-node that holds it.",
      query: pageQuery,
      answers: {
        200: { description: "A page", schema: pageOf(schemas.link), example: { items: [example] } },
      },
      handle: ({ query }) => {
        const state = parts.state();
        return {
          status: 200,
          body: pageOfMap(state.links, query, (item) => linkView(state, item)),
        };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      url,
      role: "viewer",
      tagged: true,
      summary: "Read an IP link",
      description: "With the R-node that holds it.",
      answers: { 200: { description: "The link", schema: schemas.link, example } },
      problems: [404],
      handle: ({ params }) => {
        const state = parts.state();
        const link = findLink(state, params.linkId);
        return read(state, link, linkView(state, link));
      },
    }),
    endpoint({
      ...base,
      method: "PATCH",
      url,
      role: "operator",
      tagged: true,
      summary: "Change an IP link",
      description: "`state: down` releases it in the same revision. `null` clears a field.",
      body: schemas.linkPatch,
      bodyExample: { state: "down" },
      ifMatch: "optional",
      answers: {
        200: {
          description: "The link as it is now",
          schema: schemas.link,
          example: { ...example, state: "down", rNodeId: null },
        },
      },
      problems: [404, 409, 422],
      handle: async ({ params, body, caller }) => {
        const committed = await patchLink(parts, caller, { ...body, id: params.linkId });
        const link = findLink(committed.state, params.linkId);
        return written(committed, link, linkView(committed.state, link));
      },
    }),
    endpoint({
      ...base,
      method: "DELETE",
      url,
      role: "operator",
      summary: "Delete an IP link",
      description: "Refused while an R-node holds it.",
      ifMatch: "optional",
      answers: { 204: { description: "It is gone" } },
      problems: [404, 409],
      handle: async ({ params, caller }) => deleted(await removeLink(parts, caller, params.linkId)),
    }),
  ];
}
