/** What can be seen of a service from outside its process: what arrives, and what becomes of it. */
import type { Entry } from "./log.ts";
import { type Committed, VALIDATORS } from "./validators.ts";

/** What is wrong with a receiver's log; `committed` is by revision. */
export function outsideMistakes(
  entries: readonly Entry[],
  committed: ReadonlyMap<number, Committed>,
): string[] {
  const committedAt = ({ revision }: { revision: number }) => committed.get(revision);
  // Which answers the service had written down when it was killed is not seen.
  const taken = entries.filter(({ kind }) => kind !== "sent");
  const mistakes = {
    ordered: VALIDATORS.ordered!(entries, committedAt),
    unique: VALIDATORS.unique!(taken, committedAt),
    atomic: VALIDATORS.atomic!(taken, committedAt),
    "never backwards": VALIDATORS["never backwards"]!(taken, committedAt),
    resumable: resumable(entries),
  };
  return Object.entries(mistakes).flatMap(([name, words]) => (words ? `${name}: ${words}` : []));
}

/** A delta begins where the receiver has been. */
function resumable(entries: readonly Entry[]): string | undefined {
  const been = new Set<number>();
  for (const entry of entries) {
    if (entry.kind === "applied") been.add(entry.position.revision);
    if (entry.kind !== "sent" || entry.message.kind !== "delta") continue;
    const { fromRevision = 0, revision } = entry.message;
    if (!been.has(fromRevision)) {
      return `the delta from ${fromRevision} to ${revision} begins where nobody has been`;
    }
  }
  return undefined;
}
