/** What PostgreSQL's errors mean for whoever uses the store. */
import pg from "pg";
import { StoreError } from "../store-error.ts";

/** The transaction met another one, left nothing, and may be tried again as it is. */
export class Collision extends StoreError {}

const COLLISIONS = new Set(["40001", "40P01"]);

const EXPLANATIONS: Readonly<Record<string, string>> = {
  "25006": "can't be written: name the primary, not a standby, in DATABASE_URL",
  "28000": "refuses this user: check user and password",
  "28P01": "refuses this user: check user and password",
  "3D000": "does not exist: create the database",
  "3F000": "has no schema to work in: create it, or name another search_path",
  "42501": "gives this user too few rights: let it own the database or its schema",
  "53300": "takes no more connections: raise max_connections",
  "57014": "took too long to answer",
  "57P01": "is being shut down",
  "57P02": "is being restarted",
  "57P03": "is starting up, or shutting down",
};

/**
 * An error of the driver in the words of the port. `name` is the database's, without its password;
 * nothing else of the address is told.
 */
export function failureOf(error: unknown, name: string): StoreError {
  const { code, message } = error as { code?: string; message: string };
  if (error instanceof pg.DatabaseError && code !== undefined) {
    const text = `${name} ${EXPLANATIONS[code] ?? `failed: ${message}`} (${code})`;
    if (COLLISIONS.has(code)) return new Collision("unavailable", text);
    // 53100: the disk is full.
    return new StoreError(code === "53100" ? "full" : "unavailable", text);
  }
  // Where several addresses of a host were tried, there is no message, but a code.
  return new StoreError("unavailable", `${name} can't be reached or used: ${message || code}`);
}

/** What is told where nobody knows whether a transaction was kept. */
export function outcomeUnknown(name: string, { message }: { message: string }): StoreError {
  return new StoreError(
    "outcome-unknown",
    `the answer of ${name} to a commit was lost (${message}): whether the last changes were ` +
      "kept shows when they are read",
  );
}
