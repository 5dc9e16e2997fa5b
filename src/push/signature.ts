/** The headers of Standard Webhooks, which prove to a storage server where a message comes from. */
import { createHmac, hash } from "node:crypto";
import { invariant } from "../core/errors.ts";
import type { Credentials } from "../core/model.ts";

const SECRET_PREFIX = "whsec_";

/** What stays the same however often a message is sent to a server. */
export interface MessageIdentity {
  readonly clusterId: string;
  readonly storageServerId: string;
  readonly registeredRevision: number;
  readonly generation: number;
  readonly kind: string;
  readonly fromRevision?: number | undefined;
  readonly revision: number;
  readonly settledRevision: number;
}

/**
 * The same on every retry. A hash, because the parts may hold dots and colons, and a dot ends the
 * id in the text that is signed.
 */
export function messageId(identity: MessageIdentity): string {
  const { clusterId, storageServerId, registeredRevision } = identity;
  const { generation, kind, fromRevision, revision, settledRevision } = identity;
  const parts = [clusterId, storageServerId, registeredRevision, generation, kind];
  const text = JSON.stringify([...parts, fromRevision ?? null, revision, settledRevision]);
  return `msg_${hash("sha256", text, "hex").slice(0, 32)}`;
}

/**
 * Signs `body` (UTF-8) at `now`, in milliseconds since 1970. While a secret rotates there are two
 * signatures, so that a server may hold either.
 */
export function signatureHeaders(
  { id, body, now }: { id: string; body: Uint8Array; now: number },
  credentials: Credentials,
): Record<string, string> {
  const { signingSecret, previousSecret, previousSecretUntil } = credentials;
  const rotating = previousSecret !== undefined && now < (previousSecretUntil ?? 0);
  const secrets = rotating ? [signingSecret, previousSecret] : [signingSecret];
  const timestamp = Math.floor(now / 1000);
  const sign = (secret: string) =>
    createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": secrets.map((secret) => `v1,${sign(secret)}`).join(" "),
  };
}

function keyOf(secret: string): Buffer {
  invariant(secret.startsWith(SECRET_PREFIX), "a signing secret begins with whsec_");
  return Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
}
