/**
 * Whether a push comes from the service, and now: Standard Webhooks, seen from the receiver's
 * side. Written here because the clock is the caller's, and the body of a large snapshot is not
 * to be parsed twice, as the library for it does.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingPush } from "./interface.ts";

/** How old, or how far in the future, a signature may be; as Standard Webhooks recommend. */
const AGE_SECONDS_MAX = 5 * 60;
const SECRET_PREFIX = "whsec_";
const VERSION = "v1,";

export type Verdict =
  | { readonly kind: "genuine" }
  | { readonly kind: "refused"; readonly detail: string };

/** `now` is in milliseconds since 1970. A signature by any of `secrets` (`whsec_…`) will do. */
export function verifySignature(
  { headers, body }: IncomingPush,
  secrets: readonly string[],
  now: number,
): Verdict {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") {
    return refused("is not signed: webhook-id, webhook-timestamp or webhook-signature is missing");
  }
  if (!/^\d{1,12}$/.test(timestamp)) return refused("webhook-timestamp is not in seconds");
  const ageSeconds = Math.floor(now / 1000) - Number(timestamp);
  if (Math.abs(ageSeconds) > AGE_SECONDS_MAX) {
    return refused(`was signed ${ageSeconds} s ago, more than ${AGE_SECONDS_MAX} s from now`);
  }
  const given = signatures
    .split(" ")
    .filter((signature) => signature.startsWith(VERSION))
    .map((signature) => Buffer.from(signature.slice(VERSION.length), "base64"));
  const expected = secrets.map((secret) =>
    createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest(),
  );
  const matches = expected.some((own) => given.some((other) => isSame(own, other)));
  return matches ? { kind: "genuine" } : refused("carries no signature of the secret known here");
}

const refused = (detail: string): Verdict => ({ kind: "refused", detail });

function keyOf(secret: string): Buffer {
  return Buffer.from(
    secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret,
    "base64",
  );
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
