import type Database from "better-sqlite3";
import type { IdempotentCall, KeptAnswer, KeptCall } from "../calls.ts";

type Row = [requestSha256: string, at: number, revision: number, answer: string | null];

/** Writes with an Idempotency-Key. */
export class IdempotencyRows {
  readonly #put: Database.Statement<[callSha256: string, ...Row]>;
  readonly #one: Database.Statement<[callSha256: string], Row>;
  readonly #forget: Database.Statement<[before: number, limit: number]>;

  constructor(database: Database.Database) {
    this.#put = database.prepare(
      `INSERT INTO idempotent_calls (call_sha256, request_sha256, at, revision, answer)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (call_sha256) DO UPDATE SET request_sha256 = excluded.request_sha256,
         at = excluded.at, revision = excluded.revision, answer = excluded.answer`,
    );
    this.#one = database
      .prepare<[string], Row>(
        `SELECT request_sha256, at, revision, answer FROM idempotent_calls WHERE call_sha256 = ?`,
      )
      .raw(true);
    this.#forget = database.prepare(
      `DELETE FROM idempotent_calls WHERE call_sha256 IN (
         SELECT call_sha256 FROM idempotent_calls WHERE at < ? ORDER BY at LIMIT ?)`,
    );
  }

  put(call: IdempotentCall, revision: number, answer?: KeptAnswer): void {
    const { callSha256, requestSha256, at } = call;
    const text = answer === undefined ? null : JSON.stringify(answer);
    this.#put.run(callSha256, requestSha256, at, revision, text);
  }

  one(callSha256: string): KeptCall | undefined {
    const row = this.#one.get(callSha256);
    if (!row) return undefined;
    const [requestSha256, at, revision, answer] = row;
    const kept = answer === null ? undefined : JSON.parse(answer);
    return { callSha256, requestSha256, at, revision, answer: kept };
  }

  /** Deletes what is older than `before`, at most `limit`; tells how many. */
  forget(before: number, limit: number): number {
    return this.#forget.run(before, limit).changes;
  }
}
