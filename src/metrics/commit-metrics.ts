/** How writes become durable. */
import { Counter, Histogram, type Registry } from "prom-client";
import { SECONDS_BUCKETS } from "./buckets.ts";

/** One transaction. */
export interface CommittedBatch {
  /** How many revisions share it. */
  readonly revisions: number;
  /** Over all of them. */
  readonly movedAddresses: number;
  /** Of each write that was decided with it, from when it was handed in until it was durable. */
  readonly durationsMs: readonly number[];
}

export function commitMetrics(register: Registry): (batch: CommittedBatch) => void {
  const registers = [register];
  const duration = new Histogram({
    name: "evenkeel_commit_duration_seconds",
    help: "From when a write is handed in until it is durable",
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const revisions = new Histogram({
    name: "evenkeel_commit_batch_revisions",
    help: "Revisions that share one transaction",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const moved = new Counter({
    name: "evenkeel_moved_addresses_total",
    help: "Addresses that were given to another C-node",
    registers,
  });
  return (batch) => {
    for (const durationMs of batch.durationsMs) duration.observe(durationMs / 1000);
    revisions.observe(batch.revisions);
    moved.inc(batch.movedAddresses);
  };
}
