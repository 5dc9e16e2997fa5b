/** What a follower of the revisions is told next: where it is, against the head. */
import type { Position } from "./delivery-record.ts";
import type { Head } from "./delivery-state.ts";

/** So many revisions are read at once; of each a notice is some 200 bytes. */
const REVISIONS_PER_STEP = 256;

/**
 * `revisions`: what was done after `after`, up to and with `to`. `head`: only where the head is,
 * since the way there is not known, or not asked for.
 */
export type NoticeStep =
  | { readonly kind: "head" }
  | { readonly kind: "revisions"; readonly after: number; readonly to: number };

/** The next step to the head; nothing for who is there. Absent `position`: it has just come. */
export function noticeStep(
  position: Position | undefined,
  { generation, revision, floorRevision }: Pick<Head, "generation" | "revision" | "floorRevision">,
): NoticeStep | undefined {
  const known =
    position !== undefined &&
    position.generation === generation &&
    position.revision <= revision &&
    position.revision >= floorRevision;
  if (!known) return { kind: "head" };
  const after = position.revision;
  if (after === revision) return undefined;
  return { kind: "revisions", after, to: Math.min(revision, after + REVISIONS_PER_STEP) };
}
