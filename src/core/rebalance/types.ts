/** What is asked of the planner, and what it answers. Amounts are addresses unless named else. */
import type { CNodeId, ProcessId, VolumeId } from "../model.ts";
import type { MoveList } from "./move-list.ts";

export type Strategy = "consolidate" | "equalize" | "pairwise" | "proportional";

export interface RebalanceRequest {
  readonly strategy: Strategy;
  /** Absent: all volumes. */
  readonly volumeIds?: readonly VolumeId[] | undefined;
  /** ρ in millionths, for this plan only. */
  readonly replicationCostMicro?: number | undefined;
  /** equalize, consolidate: millionths of the fair share T / N. */
  readonly toleranceMicro?: number | undefined;
  readonly maxMovedAddresses?: number | undefined;
  /** pairwise: either; proportional: the fraction. */
  readonly transfer?:
    | { readonly fractionMicro: number }
    | { readonly addresses: number }
    | undefined;
  /** pairwise: only these pairs. */
  readonly pairs?: readonly ProcessPair[] | undefined;
  /** proportional: only these receive (¶67). */
  readonly receiverProcessIds?: readonly ProcessId[] | undefined;
  /** Moves even where the load would not get more even. */
  readonly force?: boolean | undefined;
}

export interface ProcessPair {
  readonly linkedProcessId: ProcessId;
  readonly unlinkedProcessId: ProcessId;
}

export interface Move {
  readonly volumeId: VolumeId;
  readonly firstLba: number;
  readonly lastLba: number;
  readonly fromCNodeId: CNodeId;
  readonly toCNodeId: CNodeId;
}

/** Why a plan is as it is. */
export type ExplanationCode =
  | "all-linked"
  | "already-balanced"
  | "budget-exhausted"
  | "consolidates"
  | "draining"
  | "forced"
  | "late-joiner"
  | "no-active-processes"
  | "no-links"
  | "no-pairs"
  | "no-receivers"
  | "no-volumes"
  | "nothing-to-consolidate"
  | "nothing-to-give"
  | "rebased"
  | "rounded-to-nothing"
  | "tolerance-held-back"
  | "within-tolerance"
  | "would-not-improve";

/** `code` is stable; `detail` is a sentence for people. */
export interface Explanation {
  readonly code: ExplanationCode;
  readonly detail: string;
  readonly volumeId?: VolumeId | undefined;
  readonly processId?: ProcessId | undefined;
  readonly counterfactual?: Counterfactual | undefined;
}

/** What would move were these things of the request otherwise, and nothing else. */
export interface Counterfactual {
  /** Where the explanation is about one volume: that one. */
  readonly volumeIds?: readonly VolumeId[] | undefined;
  readonly tolerance?: number | undefined;
  readonly maxMovedAddresses?: number | undefined;
  readonly force?: true | undefined;
  readonly movedAddresses: number;
}

export interface Imbalance {
  /** max load / mean load; 1 is perfect. */
  readonly before: number;
  readonly after: number;
}

/**
 * How `equalize` comes to what a process is to own of the planned volumes, in addresses:
 * target = base + weight + linkWork, and what it ends with = target + rounding + tolerance + budget.
 */
export interface ProcessShare {
  readonly target: number;
  readonly share: {
    /** T / N: what everyone would own without weights and links. 0 while draining. */
    readonly base: number;
    /** What its weight adds to that. */
    readonly weight: number;
    /** What link work takes away, and what it adds to those who have none. */
    readonly linkWork: number;
    /** What whole extents add. */
    readonly rounding: number;
    /** What the tolerance leaves off the rounded target. */
    readonly tolerance: number;
    /** What the budget has left where it was. */
    readonly budget: number;
  };
}

/**
 * How `pairwise` and `proportional` come to what a process gets or, negative, gives of the planned
 * volumes, in addresses: what it has more afterwards = exact + rounding + budget.
 */
export interface ProcessFlow {
  readonly flow: {
    /** How many amounts it gives or gets, without the budget: one for each pair and volume. */
    readonly parts: number;
    /** What they are before they are rounded. */
    readonly exact: number;
    /** What whole addresses and extents add. */
    readonly rounding: number;
    /** What the budget takes back. */
    readonly budget: number;
  };
}

export interface ProcessEffect extends Partial<ProcessShare>, Partial<ProcessFlow> {
  readonly processId: ProcessId;
  readonly linked: boolean;
  readonly addressesBefore: number;
  readonly addressesAfter: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface Plan {
  /** SHA-256, in hex, over the base revision and the moves. */
  readonly planHash: string;
  readonly baseRevision: number;
  /** N of Eq. 1: active processes. */
  readonly processCount: number;
  /** N_R of Eq. 1: active processes whose R-node holds a link. */
  readonly linkedProcessCount: number;
  /** K in percent; null but for `proportional`. */
  readonly transferPercent: number | null;
  readonly replicationCost: {
    readonly value: number;
    readonly source: "request" | "cluster" | "equation-1";
  };
  readonly movedAddresses: number;
  /** The least that any plan to the full target could move. */
  readonly minimumMovedAddresses: number;
  readonly remainingAddresses: number;
  /** Ranges of the whole A2C table. */
  readonly rangesBefore: number;
  readonly rangesAfter: number;
  /** `before` and `after` of the loads summed over all volumes; `volumes`: those planned. */
  readonly imbalance: Imbalance & {
    readonly volumes: readonly (Imbalance & { readonly volumeId: VolumeId })[];
  };
  /** In volume and address order; neighbours with the same two ends are one move. */
  readonly moves: MoveList;
  /** Every process of the cluster, over all volumes. */
  readonly processes: readonly ProcessEffect[];
  readonly explanations: readonly Explanation[];
}
