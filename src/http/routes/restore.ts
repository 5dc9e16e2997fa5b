import type { z } from "zod";
import type { Restoration } from "../../core/decisions/restore.ts";
import type { Committed } from "../../operations/commit-queue.ts";
import { restoreRevision } from "../../operations/restore.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import * as schemas from "../schemas/history.ts";
import { MOVES_SHOWN_MAX } from "../schemas/rebalances.ts";

const example = {
  restoredRevision: 7,
  revision: 9,
  movedAddresses: 22,
  moveCount: 1,
  moves: [{ volumeId: "vol-1", firstLba: 22, lastLba: 32, fromCNodeId: "c-2", toCNodeId: "c-1" }],
  links: [{ linkId: "link-1", fromRNodeId: "r-b", toRNodeId: "r-a" }],
  keptVolumeIds: [],
};

export function restoreEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    method: "POST",
    url: "/v1/revisions/:revision/restore",
    role: "operator",
    load: "heavy",
    tag: "Tables",
    summary: "Restore the tables of a revision",
    description:
      "Makes a new revision with both tables as they were at that one; what they are already takes " +
      "none (`revision` is null). Refused, naming all that is in the way, where a volume, C-node, " +
      "R-node or link is gone, a link is down or bound elsewhere, a volume has another size, or a " +
      "process that would get something is draining. Volumes that came since keep their maps, links " +
      "that came since are released. `dryRun` tells what would change and changes nothing.",
    params: schemas.revisionParams,
    body: schemas.restorePost,
    bodyOptional: true,
    bodyExample: { dryRun: true, reason: "before the night's rebalance" },
    ifMatch: "optional",
    answers: {
      200: { description: "What was, or would be, changed", schema: schemas.restoration, example },
    },
    problems: [404, 409, 410],
    handle: async ({ params: { revision }, body, caller }) => {
      const { dryRun = false, allowUnreachable = false, reason } = body;
      const movesShownMax = MOVES_SHOWN_MAX;
      const order = { revision, dryRun, allowUnreachable, reason, movesShownMax };
      const committed = await restoreRevision(parts, caller, order);
      const head = committed.state.revision;
      return { status: 200, body: restorationView(revision, committed), revision: head };
    },
  });
}

function restorationView(
  restoredRevision: number,
  { answer, changed, state }: Committed<Restoration>,
): z.output<typeof schemas.restoration> {
  const { movedAddresses, moveCount, moves, links, keptVolumeIds } = answer;
  return {
    restoredRevision,
    revision: changed ? state.revision : null,
    movedAddresses,
    moveCount,
    moves: [...moves],
    links: [...links],
    keptVolumeIds: [...keptVolumeIds],
  };
}
