/**
 * What the service must know of a receiver, from what it was answered and told: written from the
 * table of answers in distribution, and sharing nothing with the service's own state machine.
 */
import type { Position } from "../../src/core/delivery-record.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { Entry } from "./log.ts";

export interface Knowledge {
  /** Where the receiver last said that it is; absent: it has said nothing. */
  readonly at: Position | undefined;
  /** Its content is other than it should be. */
  readonly differs: boolean;
}

export const NOTHING_KNOWN: Knowledge = { at: undefined, differs: false };

export type DigestAt = (position: Position) => string | undefined;

/** What is known after `entry`. */
export function known(before: Knowledge, entry: Entry, digestAt: DigestAt): Knowledge {
  if (entry.kind === "registered") return NOTHING_KNOWN;
  if (entry.kind === "reported") return said(before, entry.report, entry.head);
  return entry.kind === "answered" ? answered(before, entry, digestAt) : before;
}

function answered(
  before: Knowledge,
  { answer, message, head }: Extract<Entry, { kind: "answered" }>,
  digestAt: DigestAt,
): Knowledge {
  if (answer.kind === "gap") {
    const stuck = message.kind === "delta" && answer.revision === message.fromRevision;
    const differs = answer.reason === "digest" || stuck || before.differs;
    return { at: positionIn(answer), differs };
  }
  if (answer.kind !== "applied") return before;
  const asSent = answer.generation === message.generation && answer.revision === message.revision;
  if (!asSent) return said(before, answer, head);
  return { at: positionIn(answer), differs: answer.digest !== digestAt(message) };
}

/** What it says counts, even when it is lower; its digest can be compared only at the head. */
function said(
  before: Knowledge,
  { generation, revision, digest }: Position & { digest: string },
  head: Extract<Entry, { kind: "reported" }>["head"],
): Knowledge {
  const atHead = generation === head.generation && revision === head.distributedRevision;
  const differs = atHead ? digest !== formatDigest(head.digest) : before.differs;
  return { at: { generation, revision }, differs };
}

const positionIn = ({ generation, revision }: Position): Position => ({ generation, revision });
