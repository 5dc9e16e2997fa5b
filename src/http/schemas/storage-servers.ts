import { z } from "zod";
import {
  callbackUrl,
  count,
  heldBackBy,
  labels,
  named,
  readOnly,
  revision,
  serviceState,
  storageServerId,
  time,
} from "./common.ts";

const storageServerFields = {
  callbackUrl: callbackUrl.optional(),
  labels: labels.optional(),
};
const storageServerReadOnly = {
  state: readOnly,
  delivery: readOnly,
  lastSeenAt: readOnly,
  fenced: readOnly,
  heldBackBy: readOnly,
};

export const storageServerPut = z
  .strictObject({ ...storageServerFields, id: readOnly, ...storageServerReadOnly })
  .meta({ id: "StorageServerPut" });
export const storageServerPatch = z
  .strictObject({
    callbackUrl: callbackUrl.nullable().optional(),
    labels: labels.nullable().optional(),
    state: serviceState.optional(),
  })
  .meta({ id: "StorageServerPatch" });

export const deliveryState = z
  .enum(["current", "behind", "parked", "dormant", "gone", "ahead"])
  .meta({
    description:
      "`current` has the head; `behind` is being sent it; `parked` refused this revision; " +
      "`dormant` has not answered for ten minutes; `gone` said so; `ahead` reports more than the head",
  });

const deliverySchema = z
  .strictObject({
    state: deliveryState,
    headRevision: revision.meta({ description: "The distributed head" }),
    ackedRevision: revision
      .optional()
      .meta({ description: "What the server has durably; absent when nothing is known" }),
    lag: count("headRevision − ackedRevision", 0),
    since: time.meta({ description: "In this state since" }),
    lastAttemptAt: time.optional(),
    lastError: z.string().optional().meta({ description: "The last failure in words" }),
    consecutiveFailures: count("Failed attempts in a row", 0),
    nextAttemptAt: time.optional(),
    settledRevision: revision
      .optional()
      .meta({ description: "What the server was last told is settled" }),
    unsettledRevision: revision.optional().meta({
      description:
        "The server lost addresses in this revision and has not acknowledged it: until it does, or " +
        "is fenced, those who gained addresses from this revision on must wait",
    }),
  })
  .meta({ id: "Delivery" });

export const storageServer = z
  .strictObject({
    id: storageServerId,
    ...storageServerFields,
    state: serviceState,
    delivery: deliverySchema,
    lastSeenAt: time.optional(),
    fenced: z
      .literal(true)
      .optional()
      .meta({ description: "An operator has cut it off, and it has not been heard of since" }),
    heldBackBy,
  })
  .meta({ id: "StorageServer" });

export const signingSecret = named(/^whsec_[A-Za-z0-9+/]{43}=$/, 50).meta({
  description: "Key of the signature on every push (Standard Webhooks); shown once",
});
export const token = named(/^evk_[\w-]{43}$/, 47).meta({
  description: "The server's own bearer token; shown once",
});
export const storageServerCreated = z
  .strictObject({ ...storageServer.shape, signingSecret, token })
  .meta({ id: "StorageServerCreated" });
