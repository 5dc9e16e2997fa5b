/** What the service's thread and the store's thread say to each other. */
import type { MoveColumns } from "../../core/rebalance/move-list.ts";
import type { RebalanceChange } from "../rebalances.ts";
import type { Append } from "../revisions.ts";
import type { Store } from "../store.ts";
import type { StoreError } from "../store-error.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { PackedRebalance } from "./packed-rebalance.ts";
import type { TablesOptions } from "./tables.ts";

export type PackedAppend = Omit<Append, "rebalance"> & {
  readonly rebalance?: PackedRebalance | RebalanceChange | undefined;
};

/** The calls whose arguments cross as they are, and do the same without a promise. */
type Unpacked = Exclude<
  keyof Store,
  | "isShared"
  | "shared"
  | "append"
  | "saveRebalance"
  | "rebalanceMoves"
  | "recordDeliveries"
  | "copyTo"
>;

/** The port as the store's thread carries it out: synchronous, what is large packed. */
export type Engine = {
  readonly [Method in Unpacked]: (
    ...parameters: Parameters<Store[Method]>
  ) => Awaited<ReturnType<Store[Method]>>;
} & {
  append(baseRevision: number, entries: readonly PackedAppend[]): "committed" | "conflict";
  saveRebalance(rebalance: PackedRebalance): void;
  rebalanceMoves(...parameters: Parameters<Store["rebalanceMoves"]>): MoveColumns;
  /** An array of delivery records in JSON: one string crosses at a fraction of their price. */
  recordDeliveries(records: string, converged?: Parameters<Store["recordDeliveries"]>[1]): void;
  /** Goes on between other requests. */
  copyTo(file: string): Promise<void>;
  /** What the thread does by itself between requests; whether there may be more of it. */
  carryOver(): boolean;
};

export type Method = keyof Engine;

/** Given to the store's thread when it starts; it answers with a reply to request 0. */
export type WorkerData = ConnectionOptions & TablesOptions;
export const OPEN_REQUEST_ID = 0;
/** Of a failure that nobody has asked for. */
export const UNASKED_ID = -1;

export interface Request {
  /** 1, 2, 3 …; answered in this order, but for a copy, which ends when it ends. */
  readonly id: number;
  readonly method: Method;
  readonly parameters: readonly unknown[];
}

export type Reply = { readonly id: number } & Outcome;

export type Outcome = { readonly result: unknown } | { readonly failure: Failure };

/** An error in plain words, since its class doesn't cross. */
export interface Failure {
  /** Absent: a mistake of ours. */
  readonly reason?: StoreError["reason"] | undefined;
  readonly message: string;
}
