import type { DistributedChanges } from "../../core/distributed-changes.ts";
import type { RangeColumns } from "../../core/ranges.ts";
import type { StateRecords } from "../../core/stored-state.ts";
import type { RevisionDetails } from "../store.ts";
import type { Method, Outcome } from "./protocol.ts";

/** The buffers of the A2C rows in an answer, which are handed over instead of copied. */
export function transferableOf(method: Method, outcome: Outcome): ArrayBuffer[] {
  if (!("result" in outcome) || outcome.result === undefined) return [];
  return rangesIn(method, outcome.result).flatMap(({ firstLba, lastLba, owner }) =>
    [firstLba, lastLba, owner].map((column) => column.buffer as ArrayBuffer),
  );
}

function rangesIn(method: Method, result: unknown): RangeColumns[] {
  switch (method) {
    case "load":
      return (result as StateRecords).volumes.map(({ ranges }) => ranges);
    case "changesBetween":
      return (result as DistributedChanges).a2c.map(({ ranges }) => ranges);
    case "rangesAt":
      return [result as RangeColumns];
    case "revision":
      return (result as RevisionDetails).changes.maps.flatMap(({ removed, added }) => [
        removed,
        added,
      ]);
    default:
      return [];
  }
}
