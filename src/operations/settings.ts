import { recordRevisions } from "../core/decisions/precondition.ts";
import { changeSettings, type SettingsPatch } from "../core/decisions/settings.ts";
import { commitTable } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

export function patchSettings(parts: OperationParts, caller: Caller, patch: SettingsPatch) {
  return commitTable(parts, caller, {
    kind: "change-settings",
    valid: (state) => recordRevisions(state.settings),
    decide: (state) => ({ state: changeSettings(state, patch), answer: undefined }),
  });
}
