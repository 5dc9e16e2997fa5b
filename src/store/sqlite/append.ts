import { invariant } from "../../core/errors.ts";
import type { PackedAppend } from "./protocol.ts";
import type { Tables } from "./tables.ts";

/** Writes decisions in their order; the caller has begun a transaction. */
export function append(
  tables: Tables,
  baseRevision: number,
  entries: readonly PackedAppend[],
): "committed" | "conflict" {
  if (tables.cluster.read().revision !== baseRevision) return "conflict";
  for (const [index, entry] of entries.entries()) {
    const { revision } = entry.heading;
    invariant(revision === baseRevision + index + 1, `revision ${revision} comes next`);
    write(tables, entry);
  }
  return "committed";
}

function write(tables: Tables, entry: PackedAppend): void {
  const { changes, rebalance, call, idempotent } = entry;
  const { revision, at, actor } = entry.heading;
  tables.revisions.add(entry);
  tables.storageServers.apply(changes.storageServers, revision);
  tables.deliveries.apply(changes.storageServers);
  tables.losses.apply(entry.losses, changes.generation !== undefined);
  tables.credentials.apply(changes.credentials);
  tables.processes.apply(changes.processes, revision);
  tables.links.apply(changes.links, revision);
  tables.linkAssignments.apply(changes.linkAssignments, revision);
  tables.volumes.apply(changes.volumes, revision);
  // Where rows are deferred, moves go before maps: they are asked for first, to be taken back.
  if (rebalance) tables.rebalances.write(rebalance);
  tables.deferred.writeMaps(changes.maps, revision);
  tables.settings.apply(changes.settings, revision);
  if (call) tables.audit.add({ at, actor, ...call, outcome: "committed", revision });
  if (idempotent) tables.idempotency.put(idempotent, revision);
  tables.cluster.advance(entry);
}
