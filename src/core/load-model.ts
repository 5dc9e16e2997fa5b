/**
 * The load model: what a process works for one volume of T addresses is
 *
 *     work(p) = A_p + [p holds a link] · ρ · T / L        load(p) = work(p) / weight(p)
 *
 * with A_p the addresses of its C-node, L the link holders of the cluster and ρ the cost of
 * transmitting one address's replication data relative to serving its I/O. C-nodes choose
 * uniformly among the linked R-nodes (¶44). All of it is exact: work is counted in units of
 * 1 / `scale`, weights in thousandths. Processes are named by their index in process id order.
 */
import type { AddressMap } from "./address-map.ts";
import { type ClusterState, effectiveState, linkOf } from "./cluster-state.ts";
import { invariant } from "./errors.ts";
import { type CNodeId, MICRO, MILLI, type Process } from "./model.ts";
import { type Fraction, toNumber } from "./rebalance/rational.ts";

/** The index of no process. */
export const NOBODY = -1;

/** Processes that the model can't tell apart but by what they own. */
export interface ProcessClass {
  readonly weightMilli: number;
  /** The R-node holds a link. */
  readonly linked: boolean;
  readonly active: boolean;
  readonly count: number;
}

export interface ReplicationCost extends Fraction {
  readonly source: "request" | "cluster" | "equation-1";
}

export interface LoadModel {
  /** All processes, in process id order. */
  readonly processes: readonly Process[];
  readonly classes: readonly ProcessClass[];
  /** Class of each process. */
  readonly classOf: Uint32Array;
  readonly cNodeIds: readonly CNodeId[];
  readonly indexOfCNode: ReadonlyMap<CNodeId, number>;
  /** The process of each owner that a map names, by its number there. */
  readonly indexesOfOwners: (map: AddressMap) => Int32Array;
  /** Active processes with and without a link (S1 and S2 of FIG. 10), in process id order. */
  readonly linked: readonly number[];
  readonly unlinked: readonly number[];
  /** N of Eq. 1. */
  readonly processCount: number;
  /** N_R of Eq. 1. */
  readonly linkedProcessCount: number;
  readonly replicationCost: ReplicationCost;
  /** Units of work in one address. */
  readonly scale: bigint;
  /** ρ / L, in units: what one link holder works for each address of the volume. */
  readonly linkWorkPerAddress: bigint;
}

/** The model of a state, with ρ of the request, else of the settings, else N_R / N (Eq. 1). */
export function loadModelOf(state: ClusterState, replicationCostMicro?: number): LoadModel {
  const processes = [...state.processes.values()];
  const classes: { -readonly [K in keyof ProcessClass]: ProcessClass[K] }[] = [];
  const known = new Map<number, number>();
  const classOf = Uint32Array.from(processes, (process) => {
    const { weightMilli } = process;
    const linked = linkOf(state, process) !== undefined;
    const active = effectiveState(state, process) === "active";
    const key = 4 * weightMilli + (linked ? 2 : 0) + (active ? 1 : 0);
    const index = known.get(key) ?? classes.push({ weightMilli, linked, active, count: 0 }) - 1;
    known.set(key, index);
    classes[index]!.count++;
    return index;
  });
  const activeIndexes = (linked: boolean) =>
    [...processes.keys()].filter((index) => {
      const kind = classes[classOf[index]!]!;
      return kind.active && kind.linked === linked;
    });
  const [linked, unlinked] = [activeIndexes(true), activeIndexes(false)];
  const processCount = linked.length + unlinked.length;
  const replicationCost = costOf(
    replicationCostMicro,
    state.settings.replicationCostMicro,
    linked.length,
    processCount,
  );
  const cNodeIds = processes.map(({ cNodeId }) => cNodeId);
  const indexOfCNode = new Map(cNodeIds.map((cNodeId, index) => [cNodeId, index]));
  const holders = classes.reduce((sum, kind) => sum + (kind.linked ? kind.count : 0), 0);
  return {
    processes,
    classes,
    classOf,
    cNodeIds,
    indexOfCNode,
    indexesOfOwners: onceForEach((map) => indexesIn(indexOfCNode, map.owners())),
    linked,
    unlinked,
    processCount,
    linkedProcessCount: linked.length,
    replicationCost,
    scale: replicationCost.denominator * BigInt(Math.max(holders, 1)),
    linkWorkPerAddress: holders === 0 ? 0n : replicationCost.numerator,
  };
}

/** Whether a process may own addresses. */
export function isActive({ classes, classOf }: LoadModel, index: number): boolean {
  return classes[classOf[index]!]!.active;
}

function costOf(
  requested: number | undefined,
  configured: number | undefined,
  linkedProcessCount: number,
  processCount: number,
): ReplicationCost {
  const micro = requested ?? configured;
  if (micro !== undefined) {
    const source = requested === undefined ? "cluster" : "request";
    return { numerator: BigInt(micro), denominator: BigInt(MICRO), source };
  }
  return {
    numerator: BigInt(linkedProcessCount),
    denominator: BigInt(Math.max(processCount, 1)),
    source: "equation-1",
  };
}

/** A hundred maps name ten thousand owners each, and are asked for several times in a plan. */
function onceForEach<Key extends object, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = find(key);
      known.set(key, value);
    }
    return value;
  };
}

/** Of a C-node that is gone, and owns nothing any more, NOBODY. */
function indexesIn(
  indexOfCNode: ReadonlyMap<CNodeId, number>,
  owners: readonly CNodeId[],
): Int32Array {
  const indexes = new Int32Array(owners.length);
  for (let i = 0; i < owners.length; i++) indexes[i] = indexOfCNode.get(owners[i]!) ?? NOBODY;
  return indexes;
}

/** Addresses of each process over `maps`, by process index. */
export function countAddresses(model: LoadModel, maps: Iterable<AddressMap>): Float64Array {
  const counts = new Float64Array(model.processes.length);
  for (const map of maps) {
    const [indexes, sizes] = [model.indexesOfOwners(map), map.sizesByOwner()];
    for (let owner = 0; owner < sizes.length; owner++) {
      if (sizes[owner] === 0) continue;
      const index = indexes[owner]!;
      invariant(index !== NOBODY, "whoever owns addresses has a process");
      counts[index] = counts[index]! + sizes[owner]!;
    }
  }
  return counts;
}

/** Work of a process that owns `count` of `total`, in units of 1 / scale. */
export function workOf(model: LoadModel, kind: ProcessClass, count: number, total: number): bigint {
  const own = BigInt(count) * model.scale;
  return kind.linked ? own + model.linkWorkPerAddress * BigInt(total) : own;
}

/** Load as it is shown: addresses per weight 1.000. */
export function loadOf(model: LoadModel, index: number, count: number, total: number): number {
  const kind = model.classes[model.classOf[index]!]!;
  return toNumber({
    numerator: workOf(model, kind, count, total) * BigInt(MILLI),
    denominator: model.scale * BigInt(kind.weightMilli),
  });
}
