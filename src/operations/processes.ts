import {
  changeProcess,
  deleteProcess,
  type ProcessPatch,
  type ProcessRegistration,
  registerProcess,
} from "../core/decisions/processes.ts";
import type { ProcessId } from "../core/model.ts";
import { commitRecord } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

export function putProcess(
  parts: OperationParts,
  caller: Caller,
  registration: ProcessRegistration,
) {
  return commitRecord(parts, caller, {
    kind: "register-process",
    find: (state) => state.processes.get(registration.id),
    decide: (state) => registerProcess(state, registration),
  });
}

export function patchProcess(
  parts: OperationParts,
  caller: Caller,
  { id, ...patch }: ProcessPatch & { id: ProcessId },
) {
  return commitRecord(parts, caller, {
    kind: "change-process",
    find: (state) => state.processes.get(id),
    decide: (state) => changeProcess(state, id, patch),
  });
}

export function removeProcess(parts: OperationParts, caller: Caller, id: ProcessId) {
  return commitRecord(parts, caller, {
    kind: "delete-process",
    find: (state) => state.processes.get(id),
    decide: (state) => deleteProcess(state, id),
  });
}
