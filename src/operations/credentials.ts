/** Secrets are made here and shown once: the store keeps the signing key and a hash of the token. */
import { createHash } from "node:crypto";
import type { Credentials } from "../core/model.ts";

/** What a storage server gets to see, once. */
export interface ShownCredentials {
  /** `whsec_` and 32 random bytes in base64, as Standard Webhooks write it. */
  readonly signingSecret: string;
  /** Its own bearer token. */
  readonly token: string;
}

export interface FreshCredentials {
  readonly shown: ShownCredentials;
  readonly stored: Credentials;
}

type RandomBytes = (count: number) => Uint8Array;

/** For so long both the old and the new secret sign, so that a receiver can change over. */
export const SECRET_OVERLAP_MS = 24 * 60 * 60 * 1000;

export function makeCredentials(randomBytes: RandomBytes): FreshCredentials {
  const shown = { signingSecret: makeSecret(randomBytes), token: makeToken(randomBytes) };
  const { signingSecret, token } = shown;
  return { shown, stored: { signingSecret, tokenSha256: hashToken(token) } };
}

export function makeSecret(randomBytes: RandomBytes): string {
  return `whsec_${Buffer.from(randomBytes(32)).toString("base64")}`;
}

export function makeToken(randomBytes: RandomBytes): string {
  return `evk_${Buffer.from(randomBytes(32)).toString("base64url")}`;
}

/** SHA-256 in hex: tokens are random, so a fast hash keeps them. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
