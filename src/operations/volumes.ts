import type { MapEntries } from "../core/decisions/map-entries.ts";
import { volumeRevisions } from "../core/decisions/precondition.ts";
import {
  deleteVolume,
  registerVolume,
  replaceMap,
  type VolumeRegistration,
} from "../core/decisions/volumes.ts";
import type { VolumeId } from "../core/model.ts";
import { commitRecord } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

export function putVolume(parts: OperationParts, caller: Caller, registration: VolumeRegistration) {
  return commitRecord(parts, caller, {
    kind: "register-volume",
    find: (state) => state.volumes.get(registration.id),
    valid: volumeRevisions,
    decide: (state) => registerVolume(state, registration),
  });
}

export function removeVolume(parts: OperationParts, caller: Caller, id: VolumeId) {
  return commitRecord(parts, caller, {
    kind: "delete-volume",
    versionNeeded: true,
    find: (state) => state.volumes.get(id),
    valid: volumeRevisions,
    decide: (state) => deleteVolume(state, id),
  });
}

/** Replaces a volume's part of the A2C table. */
export function putMap(
  parts: OperationParts,
  caller: Caller,
  { id, entries }: { id: VolumeId; entries: MapEntries },
) {
  return commitRecord(parts, caller, {
    kind: "replace-a2c",
    versionNeeded: true,
    find: (state) => state.volumes.get(id),
    valid: volumeRevisions,
    decide: (state) => replaceMap(state, id, entries),
  });
}
