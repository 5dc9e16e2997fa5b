/** Writes decisions in their order, in a transaction that the caller has begun. */
import { invariant } from "../../core/errors.ts";
import type { Append, AppendOutcome } from "../revisions.ts";
import {
  LINK_ASSIGNMENTS,
  LINKS,
  PROCESSES,
  STORAGE_SERVERS,
  VOLUMES,
} from "../rows/versioned-tables.ts";
import { A2cWriter } from "./a2c.ts";
import { addCommittedCalls } from "./audit.ts";
import { putCredentials } from "./credentials.ts";
import { forgetDeliveries } from "./deliveries.ts";
import { advanceHead, lockHead } from "./head.ts";
import { callsCarriedOut, putIdempotentCalls } from "./idempotency.ts";
import { applyLosses } from "./losses.ts";
import { writeRebalance } from "./rebalances.ts";
import { addRevisions } from "./revisions.ts";
import type { Session } from "./session.ts";
import { putSettings } from "./settings.ts";
import { VersionedWriter } from "./versioned.ts";

export interface Batch {
  /** No other append has it. */
  readonly appendId: string;
  readonly baseRevision: number;
  /** At least one. */
  readonly entries: readonly Append[];
}

/** The head's row is locked first: who comes second sees what the first one has written. */
export async function append(
  session: Session,
  { appendId, baseRevision, entries }: Batch,
): Promise<AppendOutcome> {
  const { revision: head, generation } = await lockHead(session);
  if (head !== baseRevision) return "conflict";
  const [repeated, ...more] = await callsCarriedOut(session, entries);
  if (repeated !== undefined) return { repeated: [repeated, ...more] };
  for (const [index, { heading }] of entries.entries()) {
    const { revision } = heading;
    invariant(revision === baseRevision + index + 1, `revision ${revision} comes next`);
  }
  await addRevisions(session, entries, { appendId, generation });
  await writeTables(session, entries);
  await forgetDeliveries(session, entries);
  await applyLosses(session, entries);
  await putCredentials(session, entries);
  for (const { rebalance } of entries) if (rebalance) await writeRebalance(session, rebalance);
  await addCommittedCalls(session, entries);
  await putIdempotentCalls(session, entries);
  await advanceHead(session, entries);
  return "committed";
}

async function writeTables(session: Session, entries: readonly Append[]): Promise<void> {
  const storageServers = new VersionedWriter(session, STORAGE_SERVERS);
  const processes = new VersionedWriter(session, PROCESSES);
  const links = new VersionedWriter(session, LINKS);
  const linkAssignments = new VersionedWriter(session, LINK_ASSIGNMENTS);
  const volumes = new VersionedWriter(session, VOLUMES);
  const a2c = new A2cWriter(session);
  for (const { changes, heading } of entries) {
    const { revision } = heading;
    await storageServers.apply(changes.storageServers, revision);
    await processes.apply(changes.processes, revision);
    await links.apply(changes.links, revision);
    await linkAssignments.apply(changes.linkAssignments, revision);
    await volumes.apply(changes.volumes, revision);
    await a2c.apply(changes.maps, revision);
    if (changes.settings) await putSettings(session, changes.settings, revision);
  }
  for (const table of [storageServers, processes, links, linkAssignments, volumes, a2c]) {
    await table.flush();
  }
}
