/** What the events tell. */
import { z } from "zod";
import { generation, revision, revisionKind, time } from "./common.ts";
import { changedCounts } from "./tables.ts";

export const headNotice = z
  .strictObject({ generation, revision: revision.meta({ description: "The distributed head" }) })
  .meta({ id: "HeadNotice", description: "Of the event `head`" });
export const revisionNotice = z
  .strictObject({
    generation,
    revision,
    at: time,
    kind: revisionKind.meta({ description: "What was done", example: "rebalance" }),
    changed: changedCounts,
  })
  .meta({ id: "RevisionNotice", description: "Of the event `revision`" });

export const notice = z
  .union([headNotice, revisionNotice])
  .meta({ id: "Notice", description: "What stands behind `data:` in each event" });
