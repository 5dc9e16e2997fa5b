/** How long it takes until every storage server has what was committed. */
import { Gauge, Histogram, type Registry } from "prom-client";
import type { ClusterState } from "../core/cluster-state.ts";

/** So many heads are remembered; where a server is away for long, the oldest are let go. */
const HEADS_MAX = 1_000;

export interface ConvergenceMetrics {
  /** To be called with each head that is committed. */
  committed(head: ClusterState): void;
  /** Every storage server has acknowledged this distributed revision. */
  converged(revision: number): void;
}

export interface ConvergenceParts {
  readonly now: () => number;
  /** The distributed head at the start: how long it has been there is not known. */
  readonly distributedRevision: number;
}

export function convergenceMetrics(
  register: Registry,
  { now, distributedRevision: firstRevision }: ConvergenceParts,
): ConvergenceMetrics {
  let newestRevision = firstRevision;
  let heads: { readonly revision: number; readonly at: number }[] = [];
  const registers = [register];
  const duration = new Histogram({
    name: "evenkeel_convergence_duration_seconds",
    help: "From when a distributed head is committed until every storage server has acknowledged it",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  new Gauge({
    name: "evenkeel_unconverged_heads",
    help: "Distributed heads since the start that not every storage server has acknowledged",
    registers,
    collect() {
      this.set(heads.length);
    },
  });
  return {
    committed({ distributedRevision: revision, storageServers }) {
      const isNew = revision > newestRevision;
      newestRevision = revision;
      // Without storage servers nothing is on its way.
      if (storageServers.size === 0) heads = [];
      else if (isNew) heads.push({ revision, at: now() });
      if (heads.length > HEADS_MAX) heads.shift();
    },
    converged(revision) {
      for (const head of heads) {
        if (head.revision <= revision) duration.observe(Math.max(0, now() - head.at) / 1000);
      }
      heads = heads.filter((head) => head.revision > revision);
    },
  };
}
