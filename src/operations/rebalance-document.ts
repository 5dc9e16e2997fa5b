/** A rebalance as it is listed: without its moves and what it does to each process. */
import type { AssumedProcess, Assumptions } from "../core/decisions/assumptions.ts";
import { MICRO, MILLI } from "../core/model.ts";
import type { Plan, RebalanceRequest } from "../core/rebalance/types.ts";

/** A dry run can be applied for so long. */
const PLAN_VALID_MS = 24 * 60 * 60 * 1000;
/** And can still be read, as expired, for so long after that. */
const PLAN_READABLE_MS = 24 * 60 * 60 * 1000;

export type RebalanceState = "planned" | "applied" | "no-op" | "rolled-back" | "expired";

export interface RebalanceDocument extends Omit<Plan, "moves" | "processes" | "transferPercent"> {
  readonly id: string | null;
  readonly state: RebalanceState;
  readonly strategy: RebalanceRequest["strategy"];
  readonly parameters: RebalanceParameters;
  /** The revision that it took; null where it took none. */
  readonly revision: number | null;
  readonly transferPercent: number | null;
  readonly moveCount: number;
  readonly requestedBy: string;
  readonly reason?: string | undefined;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly appliedAt?: string | undefined;
  /** The revision that took it back, and when. */
  readonly rollbackRevision?: number | undefined;
  readonly rolledBackAt?: string | undefined;
}

/** What was asked for, in the form in which it is asked. */
export interface RebalanceParameters {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly allowUnreachable: boolean;
  readonly volumeIds?: readonly string[] | undefined;
  readonly replicationCost?: number | undefined;
  readonly tolerance?: number | undefined;
  readonly maxMovedAddresses?: number | undefined;
  readonly transfer?: { fraction: number } | { addresses: number } | undefined;
  readonly pairs?: RebalanceRequest["pairs"];
  readonly receiverProcessIds?: RebalanceRequest["receiverProcessIds"];
  readonly assume?: ShownAssumptions | undefined;
}

type ShownAssumptions = Omit<Assumptions, "processesAdded"> & {
  readonly processesAdded?:
    | readonly (Omit<AssumedProcess, "weightMilli"> & { readonly weight?: number | undefined })[]
    | undefined;
};

export interface RebalanceOrder extends RebalanceRequest {
  readonly dryRun: boolean;
  readonly allowUnreachable: boolean;
  readonly reason?: string | undefined;
  /** Of a dry run: plans for a cluster in which this is so. */
  readonly assume?: Assumptions | undefined;
}

export interface RebalanceFacts {
  readonly order: RebalanceOrder;
  readonly plan: Plan;
  readonly id: string | null;
  readonly state: RebalanceState;
  readonly revision: number | null;
  readonly requestedBy: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function describeRebalance(facts: RebalanceFacts): RebalanceDocument {
  const { order, plan, id, state, revision, requestedBy, at } = facts;
  const { moves, processes: _, ...figures } = plan;
  const time = new Date(at).toISOString();
  return {
    id,
    state,
    strategy: order.strategy,
    parameters: parametersOf(order),
    ...figures,
    revision,
    moveCount: moves.length,
    requestedBy,
    reason: order.reason,
    createdAt: time,
    appliedAt: state === "applied" ? time : undefined,
  };
}

/** The document at a later time: a plan that nobody applied has expired. */
export function asOf(document: RebalanceDocument, now: number): RebalanceDocument {
  const expired = document.state === "planned" && now > expiryOf(document);
  return expired ? { ...document, state: "expired" } : document;
}

/** Until when a plan can be applied, in milliseconds since 1970. */
export function expiryOf({ createdAt }: Pick<RebalanceDocument, "createdAt">): number {
  return Date.parse(createdAt) + PLAN_VALID_MS;
}

/** From when on a plan need not be kept, in milliseconds since 1970. */
export function forgottenFrom(document: Pick<RebalanceDocument, "createdAt">): number {
  return expiryOf(document) + PLAN_READABLE_MS;
}

function parametersOf(order: RebalanceOrder): RebalanceParameters {
  const { transfer } = order;
  return {
    dryRun: order.dryRun,
    force: order.force ?? false,
    allowUnreachable: order.allowUnreachable,
    volumeIds: order.volumeIds,
    replicationCost: fractionOf(order.replicationCostMicro),
    tolerance: fractionOf(order.toleranceMicro),
    maxMovedAddresses: order.maxMovedAddresses,
    transfer:
      transfer && "fractionMicro" in transfer
        ? { fraction: transfer.fractionMicro / MICRO }
        : transfer,
    pairs: order.pairs,
    receiverProcessIds: order.receiverProcessIds,
    assume: order.assume && shownAssumptions(order.assume),
  };
}

function shownAssumptions({ processesAdded, ...others }: Assumptions): ShownAssumptions {
  return {
    ...others,
    processesAdded: processesAdded?.map(({ weightMilli, ...process }) => ({
      ...process,
      weight: weightMilli === undefined ? undefined : weightMilli / MILLI,
    })),
  };
}

function fractionOf(micro: number | undefined): number | undefined {
  return micro === undefined ? undefined : micro / MICRO;
}
