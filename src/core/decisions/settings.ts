import { type ClusterState, nextRevision, putSettings } from "../cluster-state.ts";
import type { Settings } from "../model.ts";
import { merge } from "./merge.ts";

export interface SettingsPatch {
  /** ρ in millionths; null: as Eq. 1 assumes. */
  readonly replicationCostMicro?: number | null | undefined;
}

export function changeSettings(state: ClusterState, patch: SettingsPatch): ClusterState {
  const changed = merge<Settings>(state.settings, patch);
  if (changed === state.settings) return state;
  return putSettings(state, { ...changed, revision: nextRevision(state) });
}
