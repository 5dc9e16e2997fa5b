import type { DistributedChanges } from "../../core/distributed-changes.ts";
import { columnBuffers, type RangeColumns } from "../../core/ranges.ts";
import { type MoveColumns, moveBuffers } from "../../core/rebalance/move-list.ts";
import type { StateRecords } from "../../core/stored-state.ts";
import { buffersOf, rangesOfMaps } from "../handed-over.ts";
import type { RevisionDetails } from "../revisions.ts";
import type { Engine, Method, Outcome, Request } from "./protocol.ts";

/** The buffers of the A2C rows that are to be stored, likewise. */
export function transferableOfRequest({ method, parameters }: Request): ArrayBuffer[] {
  if (method !== "append") return [];
  const [, entries] = parameters as Parameters<Engine["append"]>;
  return buffersOf(entries);
}

/** The buffers of the A2C rows and moves in an answer, which are handed over instead of copied. */
export function transferableOf(method: Method, outcome: Outcome): ArrayBuffer[] {
  if (!("result" in outcome) || outcome.result === undefined) return [];
  if (method === "rebalanceMoves") return moveBuffers(outcome.result as MoveColumns);
  return rangesIn(method, outcome.result).flatMap(columnBuffers);
}

function rangesIn(method: Method, result: unknown): RangeColumns[] {
  switch (method) {
    case "load":
      return (result as StateRecords).volumes.map(({ ranges }) => ranges);
    case "news":
    case "changesBetween":
      return (result as DistributedChanges).a2c.map(({ ranges }) => ranges);
    case "rangesAt":
      return [result as RangeColumns];
    case "revision":
      return rangesOfMaps((result as RevisionDetails).changes.maps);
    default:
      return [];
  }
}
