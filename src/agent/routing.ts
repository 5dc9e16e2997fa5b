/** What an R-node and a C-node ask of the tables. */
import type { LinkRow } from "../core/delta.ts";
import type { CNodeId, OwnedRange, ProcessId, StorageServerId } from "../core/model.ts";
import type { AddressRun } from "./interface.ts";
import type { Tables } from "./receiver-state.ts";

/** The parts of a run with their owners (¶41); empty where a part of it is in no volume. */
export function split(
  { volumes }: Tables,
  { volumeId, firstLba, lastLba }: AddressRun,
): OwnedRange[] {
  const map = volumes.get(volumeId);
  if (!map || firstLba > lastLba || lastLba >= map.blockCount) return [];
  return [...map.ranges(firstLba, lastLba)];
}

/** One of the linked R-nodes, each as likely as the others (¶44); `random` from 0 to below 1. */
export function chooseLink({ links }: Tables, random: number): LinkRow | undefined {
  return rowsOf(links)[Math.floor(random * links.size)];
}

export function locate(
  { cNodes }: Tables,
  cNodeId: CNodeId,
): { readonly processId: ProcessId; readonly storageServerId: StorageServerId } | undefined {
  return cNodes.get(cNodeId);
}

/** The rows as an array, made once for each table: a request chooses one of them by its place. */
const arrays = new WeakMap<Tables["links"], readonly LinkRow[]>();

function rowsOf(links: Tables["links"]): readonly LinkRow[] {
  let rows = arrays.get(links);
  if (!rows) {
    rows = [...links.values()];
    arrays.set(links, rows);
  }
  return rows;
}
