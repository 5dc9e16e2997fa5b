/** What storage servers call themselves: reports, updates, snapshots. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { findStorageServer } from "../../core/decisions/find.ts";
import type { Position } from "../../core/delivery-record.ts";
import { Refusal } from "../../core/errors.ts";
import { takeReport } from "../../operations/reports.ts";
import { type Answer, type Endpoint, endpoint, KIB } from "../endpoint.ts";
import type { RouteParts, SnapshotRead } from "../parts.ts";
import { storageServerId } from "../schemas/common.ts";
import * as schemas from "../schemas/distribution.ts";
import { digestExample, settledExample, snapshotExample } from "./examples.ts";

const own = {
  tag: "Distribution",
  load: "vital",
  params: z.strictObject({ storageServerId }),
  storageServer: "own",
} as const;
const url = "/v1/storage-servers/:storageServerId";
/** What a slow reader of a snapshot is ahead of what it has taken. */
const PIECE_BYTES = 64 * KIB;

export function distributionEndpoints(parts: RouteParts): Endpoint[] {
  return [report(parts), updates(parts), snapshots(parts)];
}

function report(parts: RouteParts): Endpoint {
  const linkExample = { linkId: "link-1", state: "up" };
  const loadExample = { processId: "A", cNodeLoad: 120.5, rNodeLoad: 48 };
  return endpoint({
    ...own,
    method: "POST",
    url: `${url}/report`,
    role: "operator",
    summary: "Report what a storage server has",
    description:
      "Heartbeat, acknowledgement, link health and load in one; every 30 s and at start. What is " +
      "reported beats what the service remembers, even when it is lower. A link of the server's own " +
      "that is `down` is released in a new revision; `up` changes nothing, since only an operator " +
      "knows why it was taken down. `settledRevision` counts for a server that is at exactly the " +
      "answered `generation` and `revision`.",
    body: schemas.reportPost,
    bodyExample: {
      ...{ generation: 1, revision: 7, digest: digestExample },
      ...{ links: [linkExample], processes: [loadExample] },
    },
    answers: {
      200: {
        description: "Where the service is",
        schema: schemas.reportAnswer,
        example: { generation: 1, revision: 7, settledRevision: 7, upToDate: true },
      },
    },
    problems: [404, 422],
    handle: async ({ params, body, caller }) => {
      const { links = [], processes = [], ...position } = body;
      const id = params.storageServerId;
      const order = { id, report: { position, links, processes } };
      return { status: 200, body: await takeReport(parts, caller, order) };
    },
  });
}

function updates(parts: RouteParts): Endpoint {
  return endpoint({
    ...own,
    method: "GET",
    url: `${url}/updates`,
    role: "viewer",
    summary: "Pull the next update",
    description:
      "For servers that cannot be called: the body of a push as soon as there is something newer, " +
      "204 when there is not. A pull acknowledges nothing; a report does.",
    query: schemas.updatesQuery,
    answers: {
      200: { description: "The update", schema: schemas.update, example: settledExample },
      204: { description: "Nothing newer" },
    },
    problems: [404],
    handle: async ({ params, query, signal, stepAside }) => {
      findStorageServer(parts.state(), params.storageServerId);
      const { waitSeconds = 0, ...position } = query;
      const timeoutMs = waitSeconds * 1000;
      if (timeoutMs > 0) stepAside();
      const wait = { timeoutMs, signal: signal() };
      const body = await parts.distribution.pull(params.storageServerId, position, wait);
      return body ? { status: 200, body } : { status: 204 };
    },
  });
}

function snapshots(parts: RouteParts): Endpoint {
  return endpoint({
    tag: "Distribution",
    method: "GET",
    url: "/v1/snapshots/:generation/:revision",
    role: "viewer",
    load: "vital",
    storageServer: "any",
    summary: "Fetch a snapshot",
    description:
      "What a `snapshot-ref` names: the message of kind `snapshot`, immutable, built and compressed " +
      "once per revision. Only that of the head is kept, and for a while the one before. Up to 32 are " +
      "read at once; beyond, 503: come back after `Retry-After`. A read has 30 s, and beyond them a " +
      "second for each 64 KB of what is sent.",
    params: schemas.snapshotParams,
    query: schemas.snapshotQuery,
    answers: {
      200: {
        description: "The snapshot, gzip-encoded where that is accepted",
        schema: schemas.snapshotUpdate,
        example: snapshotExample,
      },
    },
    problems: [404, 410],
    handle: async ({ params, query, acceptsGzip, signal }) => {
      const read = await parts.distribution.readSnapshot({ ...params, ...query }, signal());
      if (read) return snapshotAnswer(read, acceptsGzip);
      throw noSnapshot(parts, params);
    },
  });
}

/** By reference, a piece at a time as it is taken; cut off when that takes too long. */
function snapshotAnswer({ gzip, late }: SnapshotRead, acceptsGzip: boolean): Answer {
  const packed = () =>
    Readable.from(piecesOf(gzip), { objectMode: false, highWaterMark: PIECE_BYTES, signal: late });
  if (acceptsGzip) return { status: 200, body: packed, contentEncoding: "gzip" };
  // The error of either ends both.
  return { status: 200, body: () => pipeline(packed(), createGunzip(), () => {}) };
}

function* piecesOf(bytes: Uint8Array): IterableIterator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

function noSnapshot(parts: RouteParts, { generation, revision }: Position): Refusal {
  const head = parts.state();
  const isPast =
    generation < head.generation ||
    (generation === head.generation && revision < head.distributedRevision);
  const name = `snapshot ${revision} of generation ${generation}`;
  if (!isPast) {
    return new Refusal("not-found", {
      detail: `there is no ${name}`,
      correction: "Fetch what an update of kind snapshot-ref names",
    });
  }
  return new Refusal("snapshot-replaced", {
    detail: `${name} is not kept any more: the head is ${head.distributedRevision} of ${head.generation}`,
    correction: "Report what the server has; the next update names a newer snapshot",
  });
}
