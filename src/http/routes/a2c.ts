import { z } from "zod";
import { type ClusterState, processOfCNode } from "../../core/cluster-state.ts";
import { findVolume } from "../../core/decisions/find.ts";
import { formatDigest } from "../../core/digest.ts";
import { Refusal } from "../../core/errors.ts";
import type { CNodeId, Volume } from "../../core/model.ts";
import { putMap } from "../../operations/volumes.ts";
import { type Endpoint, endpoint, TABLE_BODY_LIMIT_BYTES } from "../endpoint.ts";
import { formatEntityTag } from "../entity-tags.ts";
import { parseMapBody } from "../map-body.ts";
import type { RouteParts } from "../parts.ts";
import { distributedTag, written } from "../reply.ts";
import { volumeId } from "../schemas/common.ts";
import * as schemas from "../schemas/tables.ts";
import { jsonTable, ndjsonTable, type Pieces, piecesOf, tableRows } from "../table-stream.ts";
import { addressHistoryEndpoint } from "./address-history.ts";
import { digestExample, rangesExample } from "./examples.ts";
import { pastA2c } from "./past-tables.ts";

const NDJSON = "application/x-ndjson";
const params = z.strictObject({ volumeId });

const tableExample = {
  revision: 7,
  generation: 1,
  digest: digestExample,
  entries: rangesExample.map((range) => ({ volumeId: "vol-1", ...range })),
};

const lookupExample = {
  revision: 7,
  segments: [
    { firstLba: 23, lastLba: 32, cNodeId: "c-1", processId: "A", storageServerId: "s-1" },
    { firstLba: 33, lastLba: 43, cNodeId: "c-2", processId: "B", storageServerId: "s-2" },
  ],
};

export function a2cEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      method: "GET",
      url: "/v1/a2c",
      load: "heavy",
      role: "viewer",
      tag: "Tables",
      summary: "Read the A2C table",
      description:
        "Which C-node owns which addresses (FIG. 5), in volume and address order, canonical. With " +
        "`Accept: application/x-ndjson` one entry a line. With `revision` as it was then, with the " +
        "revision, generation and digest of that time.",
      query: schemas.a2cQuery,
      ifNoneMatch: true,
      answers: {
        200: {
          description: "The table",
          schema: schemas.a2cTable,
          example: tableExample,
          alsoAs: { contentType: NDJSON, example: `${JSON.stringify(tableExample.entries[0])}\n` },
        },
      },
      problems: [404, 410],
      handle: async ({ query: { revision, ...selected }, accept }) => {
        const { heading, etag, pieces } =
          revision === undefined
            ? presentA2c(parts.state(), selected)
            : await pastA2c(parts, { revision, ...selected });
        if (accept?.includes(NDJSON)) {
          return { status: 200, body: () => ndjsonTable(pieces()), contentType: NDJSON, etag };
        }
        return { status: 200, body: () => jsonTable(heading, pieces()), etag };
      },
    }),
    endpoint({
      method: "PUT",
      url: "/v1/a2c/:volumeId",
      role: "operator",
      tag: "Tables",
      tagged: true,
      summary: "Replace a volume's map",
      description:
        "The entries must give every address of the volume exactly one registered C-node; a refusal " +
        "names the first address that is wrong. They may come in any order.",
      params,
      body: schemas.mapPut,
      bodyExample: { entries: rangesExample },
      bodyLimitBytes: TABLE_BODY_LIMIT_BYTES,
      streamsBody: true,
      ifMatch: "required",
      answers: {
        200: {
          description: "The map is in force",
          schema: schemas.mapAnswer,
          example: { revision: 8, volumeId: "vol-1", entries: 3 },
        },
      },
      problems: [404, 422],
      handle: async ({ params: { volumeId: id }, bodyStream, caller }) => {
        const entries = await parseMapBody(parts.threads, bodyStream);
        const committed = await putMap(parts, caller, { id, entries });
        const { map, revision } = findVolume(committed.state, id);
        return written(
          committed,
          { revision },
          { revision, volumeId: id, entries: map.rangeCount },
        );
      },
    }),
    lookupEndpoint(parts),
    addressHistoryEndpoint(parts),
  ];
}

function lookupEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    method: "GET",
    url: "/v1/a2c/:volumeId/lookup",
    role: "viewer",
    tag: "Tables",
    summary: "Split an I/O by owner",
    description: "How an R-node splits an I/O on a run of addresses among C-nodes (¶41).",
    params,
    query: schemas.lookupQuery,
    ifNoneMatch: true,
    answers: {
      200: {
        description: "The segments in address order",
        schema: schemas.lookupAnswer,
        example: lookupExample,
      },
    },
    problems: [404, 422],
    handle: ({ params: { volumeId: id }, query: { firstLba, lastLba } }) => {
      const state = parts.state();
      const volume = findVolume(state, id);
      refuseOutside(volume, firstLba, lastLba);
      const { generation } = state;
      const { revision } = volume;
      return {
        status: 200,
        body: () => ({ revision, segments: segmentsOf(state, volume, firstLba, lastLba) }),
        etag: formatEntityTag({ generation, revision }),
      };
    },
  });
}

/** Written out field by field: this is the busiest path, and copying objects is its largest part. */
function segmentsOf(state: ClusterState, { map }: Volume, firstLba: number, lastLba: number) {
  const segments: z.output<typeof schemas.lookupAnswer>["segments"] = [];
  for (const range of map.ranges(firstLba, lastLba)) {
    const { id: processId, storageServerId } = processOfCNode(state, range.cNodeId)!;
    segments.push({
      firstLba: range.firstLba,
      lastLba: range.lastLba,
      cNodeId: range.cNodeId,
      processId,
      storageServerId,
    });
  }
  return segments;
}

function presentA2c(
  state: ClusterState,
  selected: {
    readonly volumeId?: Volume["id"] | undefined;
    readonly cNodeId?: CNodeId | undefined;
  },
) {
  const { volumes, heading, etag } = selection(state, selected.volumeId);
  demandCNode(state, selected.cNodeId);
  const pieces = (): Pieces => piecesOf(tableRows(volumes, selected.cNodeId));
  return { heading, etag, pieces };
}

/** One volume's map has a version of its own; the table's version is the distributed head. */
function selection(state: ClusterState, id: Volume["id"] | undefined) {
  const { generation } = state;
  if (id === undefined) {
    return {
      volumes: state.volumes.values(),
      heading: {
        revision: state.distributedRevision,
        generation,
        digest: formatDigest(state.digest),
      },
      etag: distributedTag(state),
    };
  }
  const volume = findVolume(state, id);
  const { revision } = volume;
  return {
    volumes: [volume],
    heading: { revision, generation },
    etag: formatEntityTag({ generation, revision }),
  };
}

function demandCNode(state: ClusterState, cNodeId: CNodeId | undefined): void {
  if (cNodeId === undefined || processOfCNode(state, cNodeId)) return;
  throw new Refusal("not-found", { detail: `C-node ${cNodeId} is not registered` });
}

function refuseOutside({ id, blockCount }: Volume, firstLba: number, lastLba: number): void {
  const reversed = lastLba < firstLba;
  if (!reversed && lastLba < blockCount) return;
  const message = reversed
    ? `range ${firstLba}–${lastLba} ends before it begins`
    : `address ${Math.max(firstLba, blockCount)} is outside volume ${id} (0–${blockCount - 1})`;
  throw new Refusal(reversed ? "map-range-reversed" : "map-outside-volume", {
    detail: message,
    correction: "Ask for addresses of the volume",
    errors: [{ path: "lastLba", message }],
  });
}
