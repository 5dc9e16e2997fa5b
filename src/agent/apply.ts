/** The tables that a message makes of those before it, checked by the receiver's own eyes. */
import type { AddressMap } from "../core/address-map.ts";
import type { LinkRow, NodeRow } from "../core/delta.ts";
import {
  a2cRow,
  type Digest,
  DigestAccumulator,
  linkRow,
  nodeRow,
  volumeRow,
} from "../core/digest.ts";
import type { A2cEntry, CNodeId, LinkId, ProcessId, VolumeId } from "../core/model.ts";
import { type RangeColumns, rangesOf } from "../core/ranges.ts";
import { SortedMap } from "../core/sorted-map.ts";
import { ContentError, mapWith } from "./apply-map.ts";
import type { TableRows } from "./message.ts";
import { NO_TABLES, type Tables } from "./receiver-state.ts";

/** The whole, put in the place of `before`. Throws a `ContentError` where it has a hole. */
export function tablesOf(rows: TableRows): Tables {
  return withRows(NO_TABLES, rows);
}

/**
 * `before` with rows taken out and put in: removals first, then volumes and nodes, then the
 * entries paint. Throws a `ContentError` where an address would have no owner, or two.
 */
export function withRows(before: Tables, rows: TableRows): Tables {
  const { removed } = rows;
  const nodes = changed(before.nodes, removed.processIds, rows.nodes, (node) => node.processId);
  const links = changed(before.links, removed.linkIds, rows.linkAssignments, (link) => link.linkId);
  const volumes = volumesWith(before, rows);
  const after = { volumes, nodes, cNodes: byCNode(before, nodes), links };
  demandHosts(before, after, rows);
  return { ...after, digest: digestAfter(before, after, removed.volumeIds) };
}

function changed<K extends string, V>(
  before: SortedMap<K, V>,
  removed: readonly K[],
  put: readonly V[],
  keyOf: (row: V) => K,
): SortedMap<K, V> {
  if (before.size === 0) return SortedMap.from(put.map((row) => [keyOf(row), row]));
  let after = before;
  for (const key of removed) after = after.without(key);
  for (const row of put) after = after.with(keyOf(row), row);
  return after;
}

function byCNode(before: Tables, nodes: Tables["nodes"]): SortedMap<CNodeId, NodeRow> {
  if (nodes === before.nodes) return before.cNodes;
  return SortedMap.from([...nodes.values()].map((node) => [node.cNodeId, node]));
}

function volumesWith(before: Tables, rows: TableRows): SortedMap<VolumeId, AddressMap> {
  let volumes = before.volumes;
  for (const volumeId of rows.removed.volumeIds) volumes = volumes.without(volumeId);
  const entries = entriesByVolume(rows.a2c);
  const sizes = new Map(rows.volumes.map(({ volumeId, blockCount }) => [volumeId, blockCount]));
  for (const volumeId of new Set([...sizes.keys(), ...entries.keys()])) {
    const old = volumes.get(volumeId);
    const blockCount = sizes.get(volumeId) ?? old?.blockCount;
    if (blockCount === undefined) throw new ContentError(`an entry of unknown volume ${volumeId}`);
    const painted = entries.get(volumeId) ?? [];
    // The map before, even of a volume made again, lets the two be compared cheaply.
    const replaces = before.volumes.get(volumeId);
    const map = mapWith(old, painted, { volumeId, blockCount, replaces });
    volumes = volumes.with(volumeId, map);
  }
  return volumes;
}

/** The entries of each volume, in address order. */
export function entriesByVolume(entries: readonly A2cEntry[]): Map<VolumeId, A2cEntry[]> {
  const groups = new Map<VolumeId, A2cEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.volumeId);
    if (group) group.push(entry);
    else groups.set(entry.volumeId, [entry]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.firstLba - b.firstLba);
  return groups;
}

type Undigested = Omit<Tables, "digest">;

/** Every C-node that owns something is hosted by a process, no R- or C-node by two. */
function demandHosts(before: Tables, after: Undigested, rows: TableRows): void {
  if (after.nodes !== before.nodes) {
    const rNodes = new Set([...after.nodes.values()].map(({ rNodeId }) => rNodeId));
    if (after.cNodes.size < after.nodes.size || rNodes.size < after.nodes.size) {
      throw new ContentError("two processes host the same node");
    }
    for (const { cNodeId } of before.nodes.values()) demandHost(after, cNodeId);
  }
  for (const { cNodeId } of rows.a2c) {
    if (!after.cNodes.has(cNodeId)) throw new ContentError(`nobody hosts C-node ${cNodeId}`);
  }
}

function demandHost({ cNodes, volumes }: Undigested, cNodeId: CNodeId): void {
  if (cNodes.has(cNodeId)) return;
  for (const [volumeId, map] of volumes.entries()) {
    if (map.sizeOf(cNodeId) === 0) continue;
    throw new ContentError(`nobody hosts C-node ${cNodeId}, which owns addresses of ${volumeId}`);
  }
}

function digestAfter(before: Tables, after: Undigested, remade: readonly VolumeId[]): Digest {
  const rows = new DigestAccumulator(before.digest);
  toggle(rows, before.nodes.differences(after.nodes), nodeRowOf);
  toggle(rows, before.links.differences(after.links), linkRowOf);
  const isRemade = new Set(remade);
  for (const { key, before: old, after: map } of before.volumes.differences(after.volumes)) {
    if (old) rows.toggle(volumeRow({ id: key, blockCount: old.blockCount }));
    if (map) rows.toggle(volumeRow({ id: key, blockCount: map.blockCount }));
    const comparable = old && map && !isRemade.has(key);
    const { removed, added } = comparable
      ? old.difference(map)
      : { removed: old?.columns(), added: map?.columns() };
    toggleRanges(rows, key, removed);
    toggleRanges(rows, key, added);
  }
  return rows.digest();
}

const nodeRowOf = (node: NodeRow) => nodeRow({ ...node, id: node.processId as ProcessId });
const linkRowOf = (link: LinkRow & { linkId: LinkId }) => linkRow(link);

function toggle<V>(
  rows: DigestAccumulator,
  differences: readonly { readonly before?: V | undefined; readonly after?: V | undefined }[],
  rowOf: (record: V) => string,
): void {
  for (const { before, after } of differences) {
    if (before !== undefined) rows.toggle(rowOf(before));
    if (after !== undefined) rows.toggle(rowOf(after));
  }
}

function toggleRanges(
  rows: DigestAccumulator,
  volumeId: VolumeId,
  ranges: RangeColumns | undefined,
): void {
  if (!ranges) return;
  for (const range of rangesOf(ranges)) rows.toggle(a2cRow({ volumeId, ...range }));
}
