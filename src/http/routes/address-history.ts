import { z } from "zod";
import { findVolume } from "../../core/decisions/find.ts";
import { Refusal } from "../../core/errors.ts";
import type { Volume } from "../../core/model.ts";
import { type AddressOwnership, addressHistory } from "../../operations/address-history.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfRead, readPositionToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import { volumeId } from "../schemas/common.ts";
import * as schemas from "../schemas/history.ts";
import { formatTime } from "../views.ts";

const example = {
  volumeId: "vol-1",
  lba: 25,
  items: [
    {
      firstLba: 22,
      lastLba: 77,
      cNodeId: "c-2",
      processId: "B",
      fromRevision: 8,
      toRevision: null,
      at: "2026-11-22T10:15:30.123Z",
      actor: "local",
      reason: "link 2 is back",
      kind: "rebalance",
    },
    {
      firstLba: 0,
      lastLba: 32,
      cNodeId: "c-1",
      processId: "A",
      fromRevision: 1,
      toRevision: 8,
      at: "2026-11-20T08:00:00.000Z",
      actor: "local",
      kind: "register-topology",
    },
  ],
};

export function addressHistoryEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    method: "GET",
    url: "/v1/a2c/:volumeId/history",
    role: "viewer",
    tag: "Tables",
    summary: "Read who owned an address when",
    description:
      "Newest first: each C-node that owned the address, from the revision by which it came to the " +
      "one by which it left (null: it owns it now), with the range it came in, who asked and why. " +
      "That is the history of the volume as it is registered; an earlier one of the same id is " +
      "another. What an owner before the floor of the history was given by is not kept: then `at`, " +
      "`actor` and `kind` are missing, and it may have owned the address before `fromRevision`.",
    params: z.strictObject({ volumeId }),
    query: schemas.addressHistoryQuery,
    answers: {
      200: { description: "A page", schema: schemas.addressHistory, example },
    },
    problems: [404, 422],
    handle: async ({ params: { volumeId: id }, query: { lba, limit, pageToken } }) => {
      refuseOutside(findVolume(parts.state(), id), lba);
      const closedBy = readPositionToken(pageToken);
      const order = { volumeId: id, lba, closedBy, limit: limit + 1 };
      const found = await addressHistory(parts, order);
      const page = pageOfRead(found, limit, (owner) => String(owner.fromRevision));
      const items = page.items.map(ownershipView);
      return { status: 200, body: { volumeId: id, lba, ...page, items } };
    },
  });
}

function ownershipView({
  heading,
  ...owner
}: AddressOwnership): z.output<typeof schemas.ownership> {
  const told = { ...owner, toRevision: owner.toRevision ?? null };
  if (!heading) return told;
  const { at, actor, reason, kind } = heading;
  return { ...told, at: formatTime(at), actor, reason, kind };
}

function refuseOutside({ id, blockCount }: Volume, lba: number): void {
  if (lba < blockCount) return;
  const message = `address ${lba} is outside volume ${id} (0–${blockCount - 1})`;
  throw new Refusal("map-outside-volume", {
    detail: message,
    correction: "Ask for an address of the volume",
    errors: [{ path: "lba", message }],
  });
}
