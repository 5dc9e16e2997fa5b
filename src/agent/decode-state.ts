/** A receiver's state read back from JSON, checked as if a stranger had written it. */
import { z } from "zod";
import { formatDigest } from "../core/digest.ts";
import { MAX_ADDRESS_COUNT, type VolumeId } from "../core/model.ts";
import { tablesOf } from "./apply.ts";
import { parseMessage } from "./message.ts";
import type { ReceiverState } from "./receiver-state.ts";

const whole = z.int().min(0).max(MAX_ADDRESS_COUNT);
const pendingRun = z.strictObject({ firstLba: whole, lastLba: whole, cameIn: whole });
const stored = z.strictObject({
  tables: z.unknown(),
  pending: z.array(z.tuple([z.string(), z.array(pendingRun)])),
});

/** What `encodeState` has written. Throws an `Error` that says what is wrong with it. */
export function decodeState(json: unknown): ReceiverState {
  const { tables, pending } = stored.parse(json);
  const parsed = parseMessage(tables);
  if (parsed.kind === "malformed") throw new Error(parsed.detail);
  const { message } = parsed;
  if (message.kind !== "snapshot") throw new Error(`${message.kind} in the place of the tables`);
  const { clusterId, generation, revision, settledRevision, digest } = message;
  const restored = tablesOf(message);
  if (formatDigest(restored.digest) !== digest) throw new Error("the tables have another digest");
  return {
    ...restored,
    ...{ clusterId, generation, revision, settledRevision },
    pending: new Map(pending.map(([volumeId, runs]) => [volumeId as VolumeId, runs])),
  };
}
