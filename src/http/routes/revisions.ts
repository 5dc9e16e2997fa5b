import type { z } from "zod";
import { unreadable } from "../../operations/past-tables.ts";
import type { RevisionDetails, RevisionRecord } from "../../store/revisions.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { inPieces } from "../json-text.ts";
import { pageOfRead, readPositionToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { convergence, detailsText, revisionView } from "../revision-view.ts";
import { pageOf } from "../schemas/common.ts";
import { revisionParams as params } from "../schemas/history.ts";
import * as schemas from "../schemas/tables.ts";
import { restoreEndpoint } from "./restore.ts";

const base = { method: "GET", role: "viewer", tag: "Tables" } as const;

const example = {
  revision: 8,
  at: "2026-11-22T10:15:30.123Z",
  actor: "local",
  reason: "link 2 is back",
  kind: "rebalance",
  changed: { a2cEntries: 3, linkAssignments: 0, movedAddresses: 22 },
  convergedAt: "2026-11-22T10:15:30.140Z",
};

const noChanges = {
  storageServers: [],
  processes: [],
  links: [],
  volumes: [],
  linkAssignments: [],
  a2c: [
    {
      volumeId: "vol-1",
      removed: [{ firstLba: 0, lastLba: 32, cNodeId: "c-1" }],
      added: [{ firstLba: 0, lastLba: 21, cNodeId: "c-1" }],
    },
  ],
};

export function revisionEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      url: "/v1/revisions",
      summary: "List the revisions",
      description:
        "Newest first: what was done, by whom, when, and how much it changed. The filters hold " +
        "together; send them again with a `pageToken`.",
      query: schemas.revisionsQuery,
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.revisionSummary),
          example: { items: [example] },
        },
      },
      handle: async ({ query: { limit, pageToken, kind, actor, from, to } }) => {
        const before = readPositionToken(pageToken);
        const filter = { kind, actor, since: from, until: to };
        const found = await parts.store.revisions({ before, ...filter, limit: limit + 1 });
        const page = pageOfRead(found, limit, (record) => String(record.revision));
        return { status: 200, body: { ...page, items: page.items.map(revisionView) } };
      },
    }),
    endpoint({
      ...base,
      url: "/v1/revisions/:revision",
      load: "heavy",
      summary: "Read a revision",
      description: "With everything it changed: records before and after, rows that left and came.",
      params,
      answers: {
        200: {
          description: "The revision",
          schema: schemas.revisionDetails,
          example: { ...example, changes: noChanges },
        },
      },
      problems: [404, 410],
      handle: async ({ params: { revision } }) => {
        const details = await findDetails(parts, revision);
        return { status: 200, body: () => inPieces(detailsText(details)) };
      },
    }),
    endpoint({
      ...base,
      url: "/v1/revisions/:revision/delivery",
      summary: "Read how far a revision is delivered",
      description:
        "A server has acknowledged it when it has the last distributed revision up to it durably.",
      params,
      answers: {
        200: {
          description: "The progress",
          schema: schemas.deliveryProgress,
          example: { revision: 8, servers: 3, acked: 2, behind: ["s-3"] },
        },
      },
      problems: [404, 410],
      handle: async ({ params: { revision } }) => ({
        status: 200,
        body: await deliveryOf(parts, revision),
      }),
    }),
    restoreEndpoint(parts),
  ];
}

/** How far a revision is delivered. */
export async function deliveryOf(
  parts: RouteParts,
  revision: number,
): Promise<z.output<typeof schemas.deliveryProgress>> {
  const [heading] = await parts.store.revisions({ before: revision + 1, limit: 1 });
  if (heading?.revision !== revision) throw await unreadable(parts, revision);
  const { servers, acked, behind } = parts.distribution.progress(heading.distributedRevision);
  const convergedAt = await convergedAtOf(parts, heading);
  return { revision, servers, acked, behind: [...behind], ...convergence({ convergedAt }) };
}

/** What changed nothing of the distributed state is there as soon as the state before it is. */
async function convergedAtOf(
  parts: RouteParts,
  { revision, at, distributedRevision, convergedAt }: RevisionRecord,
): Promise<number | undefined> {
  if (distributedRevision === revision || distributedRevision === 0) return convergedAt;
  const [distributed] = await parts.store.headings([distributedRevision]);
  return distributed?.convergedAt && Math.max(at, distributed.convergedAt);
}

async function findDetails(parts: RouteParts, revision: number): Promise<RevisionDetails> {
  const details = await parts.store.revision(revision);
  if (details) return details;
  throw await unreadable(parts, revision);
}
