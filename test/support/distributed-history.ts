/**
 * A history of sealed states in memory, and what differs between two of its revisions: the row
 * lifetimes are kept here in a way of their own, so that deltas are not proven with themselves.
 */
import { changesBetween, sealRevision, type VolumeRecord } from "../../src/core/changes.ts";
import { type ClusterState, emptyState } from "../../src/core/cluster-state.ts";
import type { DistributedChanges } from "../../src/core/distributed-changes.ts";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import { columnsOf } from "../../src/core/ranges.ts";
import type { SortedMap } from "../../src/core/sorted-map.ts";

export class DistributedHistory {
  readonly states: ClusterState[];
  /** The revision in which each row that stands came, per revision. */
  readonly #born: Map<string, number>[] = [new Map()];

  constructor(clusterId = "test-cluster", generation = 1) {
    this.states = [emptyState({ clusterId, generation })];
  }

  get head(): ClusterState {
    return this.states.at(-1)!;
  }

  /** Commits what `decide` makes of the head, as one revision. */
  commit(decide: (state: ClusterState) => ClusterState): ClusterState {
    const before = this.head;
    const after = decide(before);
    const sealed = sealRevision(before, after, changesBetween(before, after));
    const born = new Map<string, number>();
    for (const row of a2cRows(sealed)) {
      born.set(row, this.#born[before.revision]!.get(row) ?? sealed.revision);
    }
    this.states.push(sealed);
    this.#born.push(born);
    return sealed;
  }

  between(fromRevision: number, toRevision: number): DistributedChanges {
    const [from, to] = [this.states[fromRevision]!, this.states[toRevision]!];
    const rows = new Map<VolumeId, { firstLba: number; lastLba: number; cNodeId: CNodeId }[]>();
    for (const [key, bornRevision] of this.#born[toRevision]!) {
      if (bornRevision <= fromRevision) continue;
      const [volumeId, created, first, last, owner] = key.split("\t");
      if (!created) throw new Error("a row without its volume's creation");
      const row = { firstLba: Number(first), lastLba: Number(last), cNodeId: owner as CNodeId };
      const id = volumeId as VolumeId;
      rows.set(id, [...(rows.get(id) ?? []), row]);
    }
    return {
      fromRevision,
      toRevision,
      volumes: differing(from.volumes, to.volumes).map(({ key, before, after }) => ({
        key,
        before: before && withoutMap(before),
        after: after && withoutMap(after),
      })),
      processes: differing(from.processes, to.processes),
      linkAssignments: differing(from.linkAssignments, to.linkAssignments),
      a2c: [...rows].map(([volumeId, ranges]) => ({ volumeId, ranges: columnsOf(ranges) })),
    };
  }
}

function* a2cRows(state: ClusterState): IterableIterator<string> {
  for (const { id, createdRevision, map } of state.volumes.values()) {
    for (const { firstLba, lastLba, cNodeId } of map.ranges()) {
      yield [id, createdRevision, firstLba, lastLba, cNodeId].join("\t");
    }
  }
}

function withoutMap(record: VolumeRecord & { map?: unknown }): VolumeRecord {
  const { map: _, ...rest } = record;
  return rest;
}

function differing<K extends string, V>(from: SortedMap<K, V>, to: SortedMap<K, V>) {
  const keys = new Set([...from.keys(), ...to.keys()]);
  return [...keys]
    .map((key) => ({ key, before: from.get(key), after: to.get(key) }))
    .filter(({ before, after }) => before !== after);
}
