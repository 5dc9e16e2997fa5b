/** Tokens of TOKENS_FILE for tests: a token is named as its role, or `former-` and its role. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./service.ts";

export const ROLES = ["viewer", "operator", "admin"] as const;

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The entry of the token `operator` is called `the-operator`. */
export function writeTokens(file: string, tokens: readonly string[]): void {
  const entries = tokens.map((token) => ({
    name: `the-${token}`,
    role: token.replace("former-", ""),
    sha256: sha256(token),
  }));
  writeFileSync(file, JSON.stringify(entries));
}

/** For `startService`. */
export function tokensFile(tokens: readonly string[] = ROLES): string {
  const file = join(temporaryDirectory(), "tokens.json");
  writeTokens(file, tokens);
  return file;
}
