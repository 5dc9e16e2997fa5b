/**
 * What is measured. The parts report through small callbacks; what is known at any moment is
 * asked for when somebody reads. No series names a server, a path or an address, so that there
 * are as many of them on a large cluster as on a small one.
 */
import { Registry } from "prom-client";
import { type CommittedBatch, commitMetrics } from "./commit-metrics.ts";
import {
  type ConvergenceMetrics,
  type ConvergenceParts,
  convergenceMetrics,
} from "./convergence-metrics.ts";
import { type Pushed, pushMetrics } from "./push-metrics.ts";
import { type Answered, requestMetrics } from "./request-metrics.ts";
import { type Figures, stateMetrics } from "./state-metrics.ts";

export interface Metrics {
  answered(answered: Answered): void;
  connectionRefused(): void;
  committedBatch(batch: CommittedBatch): void;
  pushed(pushed: Pushed): void;
  readonly convergence: ConvergenceMetrics;
  /** In the text format of Prometheus. */
  read(): Promise<{ readonly text: string; readonly contentType: string }>;
}

export function createMetrics(
  parts: Figures & ConvergenceParts,
  registry: Registry = new Registry(),
): Metrics {
  const { answered, connectionRefused } = requestMetrics(registry);
  const committedBatch = commitMetrics(registry);
  stateMetrics(registry, parts);
  const pushed = pushMetrics(registry);
  const convergence = convergenceMetrics(registry, parts);
  return {
    answered,
    connectionRefused,
    committedBatch,
    pushed,
    convergence,
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}
