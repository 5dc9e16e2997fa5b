/** What a server that asks for updates itself is answered with (distribution, pull). */
import { type Head, type Step, stepFrom } from "../core/delivery-state.ts";

/** Where a server says it is when it asks. */
export interface PullPosition {
  readonly generation: number;
  readonly after: number;
  /** What it knows to be settled, where it wants to be told of more. */
  readonly settledRevision?: number | undefined;
}

/** The way from there to the head; nothing when it has all there is. */
export function pullStep(position: PullPosition, head: Head): Step | undefined {
  const { generation, after, settledRevision } = position;
  if (generation !== head.generation || after > head.revision) return stepFrom(undefined, head);
  if (after < head.revision) return stepFrom(after, head);
  if (settledRevision === undefined || settledRevision >= head.settledRevision) return undefined;
  return { kind: "settled", revision: head.revision, settledRevision: head.settledRevision };
}
