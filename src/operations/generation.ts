import { startGeneration } from "../core/decisions/generation.ts";
import { submit } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import type { Caller, OperationParts } from "./parts.ts";

/** Begins a new generation: every storage server is sent a snapshot, whatever it has. */
export function beginGeneration(
  parts: Pick<OperationParts, "commits">,
  caller: Caller,
  reason: string | undefined,
  otherGeneration?: number,
): Promise<Committed<undefined>> {
  return submit(parts, caller, {
    kind: "start-generation",
    reason,
    decide: (state, at) => ({
      state: startGeneration(state, at, otherGeneration),
      answer: undefined,
    }),
  });
}
