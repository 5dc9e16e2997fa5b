/** Cluster states for tests: a builder, and arbitraries of whole clusters. */
import fc from "fast-check";
import { AddressMap } from "../../src/core/address-map.ts";
import {
  assignLink,
  type ClusterState,
  emptyState,
  putLink,
  putProcess,
  putSettings,
  putStorageServer,
  putVolume,
} from "../../src/core/cluster-state.ts";
import type {
  CNodeId,
  LinkId,
  OwnedRange,
  ProcessId,
  RNodeId,
  StorageServerId,
  VolumeId,
} from "../../src/core/model.ts";
import { type MovedMap, mapsAfter } from "../../src/core/rebalance/moves.ts";
import type { Plan } from "../../src/core/rebalance/types.ts";
import { finish } from "../../src/core/steps.ts";
import { firstLayout } from "../../src/core/volume-layout.ts";

export interface ProcessSpec {
  readonly id: string;
  /** `c-<id>` unless given. */
  readonly cNodeId?: string;
  readonly linked?: boolean;
  readonly draining?: boolean;
  readonly weightMilli?: number;
}

export interface VolumeSpec {
  readonly id: string;
  readonly blockCount: number;
  readonly extentBlocks?: number;
  /** Owners with the end (exclusive) of their ranges; the first layout without them. */
  readonly ranges?: readonly (readonly [cNodeId: string, end: number])[];
}

export interface ClusterSpec {
  readonly processes: readonly ProcessSpec[];
  readonly volumes?: readonly VolumeSpec[];
  readonly replicationCostMicro?: number | undefined;
}

const SERVER = "server" as StorageServerId;

export function clusterOf({ processes, volumes, replicationCostMicro }: ClusterSpec): ClusterState {
  let state = emptyState({ clusterId: "test", generation: 1 });
  state = { ...state, revision: 7 };
  state = putSettings(state, { revision: 1, replicationCostMicro });
  state = putStorageServer(state, {
    id: SERVER,
    state: "active",
    revision: 1,
    registeredRevision: 1,
  });
  for (const spec of processes) state = addProcess(state, spec);
  for (const spec of volumes ?? []) state = addVolume(state, spec);
  return state;
}

export function addProcess(state: ClusterState, spec: ProcessSpec): ClusterState {
  const rNodeId = `r-${spec.id}` as RNodeId;
  const next = putProcess(state, {
    id: spec.id as ProcessId,
    storageServerId: SERVER,
    rNodeId,
    cNodeId: (spec.cNodeId ?? `c-${spec.id}`) as CNodeId,
    weightMilli: spec.weightMilli ?? 1000,
    state: spec.draining ? "draining" : "active",
    revision: 1,
  });
  if (!spec.linked) return next;
  const linkId = `link-${spec.id}` as LinkId;
  return assignLink(putLink(next, { id: linkId, state: "up", revision: 1 }), linkId, rNodeId);
}

export function addVolume(state: ClusterState, spec: VolumeSpec): ClusterState {
  const { blockCount, extentBlocks = 1 } = spec;
  const id = spec.id as VolumeId;
  const ranges = spec.ranges
    ? rangesEndingAt(spec.ranges)
    : firstLayout(state, { volumeId: id, blockCount, extentBlocks });
  const map = AddressMap.of(ranges);
  const revisions = { createdRevision: 1, revision: 1 };
  return putVolume(state, { id, blockCount, extentBlocks, map, ...revisions });
}

export function rangesEndingAt(ends: readonly (readonly [string, number])[]): OwnedRange[] {
  return ends.map(([cNodeId, end], i) => ({
    firstLba: ends[i - 1]?.[1] ?? 0,
    lastLba: end - 1,
    cNodeId: cNodeId as CNodeId,
  }));
}

/** The maps that a plan leads to, in the order of its moves. */
export const mapsOf = (state: ClusterState, { moves }: Pick<Plan, "moves">): MovedMap[] =>
  finish(mapsAfter(state, moves));

/** The state with the maps of a plan in place, at the next revision. */
export function applyPlan(state: ClusterState, plan: Pick<Plan, "moves">): ClusterState {
  let next: ClusterState = { ...state, revision: state.revision + 1 };
  for (const { volumeId, map } of mapsOf(state, plan)) {
    next = putVolume(next, { ...state.volumes.get(volumeId)!, map });
  }
  return next;
}

/** FIG. 4–6: A and C hold the links; 101 blocks. C-nodes are numbered as in the figures. */
export function figureCluster(): ClusterState {
  return clusterOf({
    processes: [
      { id: "A", cNodeId: "c-1", linked: true },
      { id: "B", cNodeId: "c-2" },
      { id: "C", cNodeId: "c-3", linked: true },
    ],
    volumes: [
      {
        id: "v",
        blockCount: 101,
        ranges: [
          ["c-1", 33],
          ["c-2", 67],
          ["c-3", 101],
        ],
      },
    ],
  });
}

export interface ClusterShape {
  readonly processesMax?: number;
  readonly weights?: boolean;
  readonly draining?: boolean;
  readonly volumesMax?: number;
  readonly rangesMax?: number;
  readonly extentBlocksMax?: number;
}

/** Clusters with any table: C-node order differs from process order, some own nothing yet. */
export function clusterArbitrary(shape: ClusterShape = {}): fc.Arbitrary<ClusterState> {
  const processes = fc.array(processArbitrary(shape), {
    minLength: 1,
    maxLength: shape.processesMax ?? 12,
  });
  const volumes = fc.array(volumeArbitrary(shape), {
    minLength: 1,
    maxLength: shape.volumesMax ?? 3,
  });
  const cost = fc.option(fc.integer({ min: 0, max: 3_000_000 }), { nil: undefined });
  return fc.tuple(processes, volumes, cost).map(([specs, tables, replicationCostMicro]) => {
    const named = specs.map((spec, i) => {
      const id = `p${String(i).padStart(3, "0")}`;
      const cNodeId = `c${spec.order}-${String(i).padStart(3, "0")}`;
      // Somebody is active, so that there is something to plan.
      return { ...spec, id, cNodeId, draining: i > 0 && spec.draining };
    });
    return clusterOf({
      processes: named,
      volumes: tables.map(({ extentBlocks, parts }, v) => {
        let end = 0;
        const ranges = parts.map(({ extents, owner }) => {
          end += extents * extentBlocks;
          return [named[owner % named.length]!.cNodeId, end] as const;
        });
        return { id: `v${v}`, blockCount: end, extentBlocks, ranges };
      }),
      replicationCostMicro,
    });
  });
}

/** Addresses of each C-node that owns something in a map. */
export function sizesIn(map: AddressMap): Map<CNodeId, number> {
  const sizes = new Map<CNodeId, number>();
  for (const { firstLba, lastLba, cNodeId } of map.ranges()) {
    sizes.set(cNodeId, (sizes.get(cNodeId) ?? 0) + lastLba - firstLba + 1);
  }
  return sizes;
}

function processArbitrary({ weights = true, draining = true }: ClusterShape) {
  return fc.record({
    order: fc.integer({ min: 0, max: 9 }),
    linked: fc.boolean(),
    draining: draining
      ? fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true))
      : fc.constant(false),
    weightMilli: weights
      ? fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 5000 }))
      : fc.constant(1000),
  });
}

function volumeArbitrary({ rangesMax = 30, extentBlocksMax = 8 }: ClusterShape) {
  const part = fc.record({
    extents: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100_000 })),
    owner: fc.nat({ max: 9999 }),
  });
  return fc.record({
    extentBlocks: fc.integer({ min: 1, max: extentBlocksMax }),
    parts: fc.array(part, { minLength: 1, maxLength: rangesMax }),
  });
}
