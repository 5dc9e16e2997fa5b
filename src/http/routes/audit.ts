import type { z } from "zod";
import type { AuditRecord } from "../../store/calls.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfRead, readPositionToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { pageOf } from "../schemas/common.ts";
import * as schemas from "../schemas/history.ts";
import { formatTime } from "../views.ts";

const example = {
  at: "2026-11-22T10:15:30.123Z",
  actor: "ops",
  method: "POST",
  path: "/v1/rebalances",
  outcome: "committed",
  revision: 8,
} as const;

export function auditEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    method: "GET",
    url: "/v1/audit",
    role: "viewer",
    tag: "Service",
    summary: "List what was done and denied",
    description:
      "Newest first: every write, whether it took a revision (`committed`), needed none (`done`) or " +
      "was `refused`, and every call that was `denied`; reads and heartbeats that changed nothing are " +
      "left out. The last 100,000 are kept. `committed` is written in the transaction of its " +
      "revision, the others within a moment.",
    query: schemas.auditQuery,
    answers: {
      200: {
        description: "A page",
        schema: pageOf(schemas.auditEntry),
        example: { items: [example] },
      },
    },
    handle: async ({ query: { limit, pageToken, actor, from, to } }) => {
      const before = readPositionToken(pageToken);
      const filter = { before, actor, since: from, until: to };
      const found = await parts.store.audit({ ...filter, limit: limit + 1 });
      const page = pageOfRead(found, limit, ({ id }) => String(id));
      return { status: 200, body: { ...page, items: page.items.map(auditView) } };
    },
  });
}

function auditView({ id: _, at, ...entry }: AuditRecord): z.output<typeof schemas.auditEntry> {
  return { at: formatTime(at), ...entry };
}
