/** Both tables as they were at an older revision. */
import type { z } from "zod";
import type { VolumeRecord } from "../../core/changes.ts";
import { formatDigest } from "../../core/digest.ts";
import { Refusal } from "../../core/errors.ts";
import type { A2cEntry, CNodeId, RNodeId, VolumeId } from "../../core/model.ts";
import { type RangeColumns, rangesOf } from "../../core/ranges.ts";
import { findTables, pastRanges } from "../../operations/past-tables.ts";
import type { PastTables } from "../../store/revisions.ts";
import type { Answer } from "../endpoint.ts";
import { formatEntityTag } from "../entity-tags.ts";
import type { RouteParts } from "../parts.ts";
import type * as schemas from "../schemas/tables.ts";
import { type Pieces, piecesOf } from "../table-stream.ts";

interface Selection {
  readonly revision: number;
  readonly volumeId?: VolumeId | undefined;
  readonly cNodeId?: CNodeId | undefined;
}

/** The A2C table, or a part of it: its heading, its version then, and its rows as they are read. */
export async function pastA2c(
  parts: RouteParts,
  { revision, volumeId, cNodeId }: Selection,
): Promise<{ heading: object; etag: string; pieces: () => Pieces }> {
  const tables = await findTables(parts, revision);
  const { generation, distributedRevision, digest, processes } = tables;
  if (cNodeId !== undefined && !processes.some((process) => process.cNodeId === cNodeId)) {
    throw notThere(`C-node ${cNodeId}`, revision);
  }
  const volumes = tables.volumes.filter(({ id }) => volumeId === undefined || id === volumeId);
  const [volume] = volumes;
  if (volumeId !== undefined && !volume) throw notThere(`volume ${volumeId}`, revision);
  const version = volumeId === undefined ? distributedRevision : volume!.revision;
  const heading = {
    revision: version,
    generation,
    ...(volumeId === undefined ? { digest: formatDigest(digest) } : {}),
  };
  return {
    heading,
    etag: formatEntityTag({ generation, revision: version }),
    pieces: () => pastPieces(parts, { revision, volumes, cNodeId }),
  };
}

async function* pastPieces(
  parts: RouteParts,
  { revision, volumes, cNodeId }: Selection & { readonly volumes: readonly VolumeRecord[] },
): AsyncIterableIterator<readonly string[]> {
  for (const { id } of volumes) {
    for await (const page of pastRanges(parts, revision, id)) {
      yield* piecesOf(entriesOf(id, page, cNodeId));
    }
  }
}

function* entriesOf(
  volumeId: VolumeId,
  ranges: RangeColumns,
  owner: CNodeId | undefined,
): IterableIterator<A2cEntry> {
  for (const range of rangesOf(ranges)) {
    if (owner === undefined || range.cNodeId === owner) yield { volumeId, ...range };
  }
}

/** The assignment table. */
export async function pastLinkAssignments(parts: RouteParts, revision: number): Promise<Answer> {
  const tables = await findTables(parts, revision);
  const { generation, distributedRevision } = tables;
  return {
    status: 200,
    body: () => assignmentTable(tables),
    etag: formatEntityTag({ generation, revision: distributedRevision }),
  };
}

function assignmentTable(tables: PastTables): z.output<typeof schemas.assignmentTable> {
  const { generation, distributedRevision, digest, processes, linkAssignments } = tables;
  const holders = new Map<RNodeId, (typeof processes)[number]>();
  for (const process of processes) holders.set(process.rNodeId, process);
  return {
    revision: distributedRevision,
    generation,
    digest: formatDigest(digest),
    entries: linkAssignments.map(({ linkId, rNodeId, remoteAddress, remotePort }) => {
      const { id: processId, storageServerId } = holders.get(rNodeId)!;
      return { linkId, rNodeId, processId, storageServerId, remoteAddress, remotePort };
    }),
  };
}

function notThere(name: string, revision: number): Refusal {
  return new Refusal("not-found", {
    detail: `${name} was not registered at revision ${revision}`,
    correction: "Check the id, or ask for another revision",
  });
}
