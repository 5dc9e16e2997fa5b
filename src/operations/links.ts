import {
  changeLink,
  deleteLink,
  type LinkPatch,
  type LinkRegistration,
  registerLink,
} from "../core/decisions/links.ts";
import type { LinkId } from "../core/model.ts";
import { commitRecord } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

export function putLink(parts: OperationParts, caller: Caller, registration: LinkRegistration) {
  return commitRecord(parts, caller, {
    kind: "register-link",
    find: (state) => state.links.get(registration.id),
    decide: (state) => registerLink(state, registration),
  });
}

export function patchLink(
  parts: OperationParts,
  caller: Caller,
  { id, ...patch }: LinkPatch & { id: LinkId },
) {
  return commitRecord(parts, caller, {
    kind: "change-link",
    find: (state) => state.links.get(id),
    decide: (state) => changeLink(state, id, patch),
  });
}

export function removeLink(parts: OperationParts, caller: Caller, id: LinkId) {
  return commitRecord(parts, caller, {
    kind: "delete-link",
    find: (state) => state.links.get(id),
    decide: (state) => deleteLink(state, id),
  });
}
