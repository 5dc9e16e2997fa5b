import { z } from "zod";
import { findVolume } from "../../core/decisions/find.ts";
import { putVolume, removeVolume } from "../../operations/volumes.ts";
import { type Endpoint, endpoint, TABLE_BODY_LIMIT_BYTES } from "../endpoint.ts";
import { pageOfMap } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { deleted, distributedTag, read, written } from "../reply.ts";
import { pageOf, pageQuery, volumeId } from "../schemas/common.ts";
import * as schemas from "../schemas/topology.ts";
import { volumeView } from "../views.ts";
import { volumeExample as example, rangesExample } from "./examples.ts";

const base = { tag: "Topology", params: z.strictObject({ volumeId }) } as const;
const url = "/v1/volumes/:volumeId";

export function volumeEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "PUT",
      url,
      role: "operator",
      tagged: true,
      summary: "Create or grow a volume",
      description:
        "A new volume gets its A2C entries as given, or one contiguous part per active C-node in " +
        "C-node id order, sized by weight. A larger `blockCount` grows a volume that stands: the new " +
        "blocks go to the active C-nodes by weight, the owner of the last range first. Its `entries` " +
        "are then ignored.",
      body: schemas.volumePut,
      bodyExample: { blockCount: 101, entries: rangesExample },
      bodyLimitBytes: TABLE_BODY_LIMIT_BYTES,
      ifMatch: "optional",
      answers: {
        200: { description: "It stood: as it is now", schema: schemas.volume, example },
        201: { description: "It is new", schema: schemas.volume, example },
      },
      problems: [409, 422],
      handle: async ({ params, body, caller }) => {
        const { blockCount, extentBlocks, entries } = body;
        const id = params.volumeId;
        const registration = { id, blockCount, extentBlocks, entries };
        const committed = await putVolume(parts, caller, registration);
        const volume = findVolume(committed.state, id);
        return written(committed, volume, volumeView(volume));
      },
    }),
    endpoint({
      tag: "Topology",
      method: "GET",
      url: "/v1/volumes",
      role: "viewer",
      summary: "List the volumes",
      description: "In id order. The ETag is that of the distributed state.",
      query: pageQuery,
      ifNoneMatch: true,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.volume),
          example: { items: [example] },
        },
      },
      handle: ({ query }) => ({
        status: 200,
        body: pageOfMap(parts.state().volumes, query, volumeView),
        etag: distributedTag(parts.state()),
      }),
    }),
    endpoint({
      ...base,
      method: "GET",
      url,
      role: "viewer",
      summary: "Read a volume",
      description: "The ETag names the revision in which its map last changed.",
      ifNoneMatch: true,
      answers: { 200: { description: "The volume", schema: schemas.volume, example } },
      problems: [404],
      handle: ({ params }) => {
        const volume = findVolume(parts.state(), params.volumeId);
        return read(parts.state(), volume, volumeView(volume));
      },
    }),
    endpoint({
      ...base,
      method: "DELETE",
      url,
      role: "operator",
      summary: "Delete a volume with its map",
      description: "`If-Match` must name the version of its map.",
      ifMatch: "required",
      answers: { 204: { description: "It is gone" } },
      problems: [404],
      handle: async ({ params, caller }) =>
        deleted(await removeVolume(parts, caller, params.volumeId)),
    }),
  ];
}
