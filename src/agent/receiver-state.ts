/** What a storage server has of the tables, and which of its addresses it may not serve yet. */
import type { AddressMap } from "../core/address-map.ts";
import { encodeUpdate, type LinkRow, type NodeRow } from "../core/delta.ts";
import { type Digest, EMPTY_DIGEST, formatDigest } from "../core/digest.ts";
import type { CNodeId, LinkId, ProcessId, VolumeId } from "../core/model.ts";
import { SortedMap } from "../core/sorted-map.ts";

/** The distributed state; immutable. */
export interface Tables {
  readonly volumes: SortedMap<VolumeId, AddressMap>;
  readonly nodes: SortedMap<ProcessId, NodeRow>;
  /** The same nodes by their C-node. */
  readonly cNodes: SortedMap<CNodeId, NodeRow>;
  readonly links: SortedMap<LinkId, LinkRow>;
  readonly digest: Digest;
}

export interface ReceiverState extends Tables {
  /** The cluster of the first message that was taken. */
  readonly clusterId: string | undefined;
  readonly generation: number;
  readonly revision: number;
  /** Addresses that came up to this revision may be served. */
  readonly settledRevision: number;
  /** Addresses of the server's own C-nodes that came and are not settled yet. */
  readonly pending: PendingByVolume;
}

export type PendingByVolume = ReadonlyMap<VolumeId, readonly PendingRun[]>;

/** A run of addresses, both ends included; those of a volume are in order and disjoint. */
export interface PendingRun {
  readonly firstLba: number;
  readonly lastLba: number;
  /** The revision of the message that they came in. */
  readonly cameIn: number;
}

export const NO_TABLES: Tables = {
  volumes: SortedMap.empty(),
  nodes: SortedMap.empty(),
  cNodes: SortedMap.empty(),
  links: SortedMap.empty(),
  digest: EMPTY_DIGEST,
};

/** A receiver that has never been sent anything. */
export const FRESH_STATE: ReceiverState = {
  ...NO_TABLES,
  clusterId: undefined,
  generation: 0,
  revision: 0,
  settledRevision: 0,
  pending: new Map(),
};

/** The state as JSON, in pieces of bounded size: the tables as a snapshot's message, and the rest. */
export function* encodeState(state: ReceiverState): IterableIterator<string> {
  const { clusterId = "", generation, revision, settledRevision, volumes } = state;
  yield '{"tables":';
  yield* encodeUpdate({
    ...{ type: "tables.update", clusterId, generation, kind: "snapshot", revision },
    settledRevision,
    removed: { volumeIds: [], processIds: [], linkIds: [] },
    volumes: [...volumes.entries()].map(([volumeId, { blockCount }]) => ({ volumeId, blockCount })),
    nodes: [...state.nodes.values()],
    a2c: { [Symbol.iterator]: () => entriesOf(state) },
    linkAssignments: [...state.links.values()],
    digest: formatDigest(state.digest),
  });
  yield `,"pending":${JSON.stringify([...state.pending])}}`;
}

function* entriesOf({ volumes }: Tables) {
  for (const [volumeId, map] of volumes.entries()) {
    for (const range of map.ranges()) yield { volumeId, ...range };
  }
}
