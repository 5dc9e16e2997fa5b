/** The tokens of TOKENS_FILE. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { TokenEntry } from "./http/auth.ts";
import { StartError } from "./start-error.ts";

const tokensSchema = z.array(
  z.strictObject({
    name: z.string().regex(/^[\w.@:-]{1,128}$/, "must be 1 to 128 letters, digits or . _ @ : -"),
    role: z.enum(["admin", "operator", "viewer"]),
    sha256: z.string().regex(/^[0-9a-f]{64}$/i, "must be the SHA-256 of the token in hex"),
  }),
);

/** Refuses with a `StartError` that names the file and the bad entry. */
export function readTokens(file: string): readonly TokenEntry[] {
  const result = tokensSchema.safeParse(parseFile(file));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new StartError(`TOKENS_FILE ${file}: ${path.join(".") || "content"}: ${message}`);
}

function parseFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : (error as Error).message;
    throw new StartError(`TOKENS_FILE ${file}: ${reason}`);
  }
}
