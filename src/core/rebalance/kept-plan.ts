/** What is kept of a plan beside the document: what it takes to apply it or to take it back. */
import type { Assumptions } from "../decisions/assumptions.ts";
import type { PlanBasis } from "./basis.ts";
import type { MoveEnds } from "./moves.ts";
import type { ProcessEffect, RebalanceRequest } from "./types.ts";

export interface KeptPlan {
  readonly ends: MoveEnds;
  readonly processes: readonly ProcessEffect[];
  /** Of a dry run: what was asked, and what the plan had read. */
  readonly dryRun?: DryRun | undefined;
}

export interface DryRun {
  readonly request: RebalanceRequest;
  readonly assume?: Assumptions | undefined;
  readonly basis: PlanBasis;
}
