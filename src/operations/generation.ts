import { startGeneration } from "../core/decisions/generation.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";

/** Begins a new generation: every storage server is sent a snapshot, whatever it has. */
export function beginGeneration(
  { commits }: OperationParts,
  { actor }: Caller,
  reason: string | undefined,
): Promise<Committed<undefined>> {
  return commits.submit({
    kind: "start-generation",
    actor,
    reason,
    decide: (state, at) => ({ state: startGeneration(state, at), answer: undefined }),
  });
}
