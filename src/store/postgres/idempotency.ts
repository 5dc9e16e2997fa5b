/** Writes with an Idempotency-Key. */

import {
  CALLS_ANSWERED_MS,
  type IdempotentCall,
  type KeptAnswer,
  type KeptCall,
} from "../calls.ts";
import type { Append } from "../revisions.ts";
import type { SqlRow } from "../rows/columns.ts";
import { replacing, type Session } from "./session.ts";

const KEY = "call_sha256";
const columns = [KEY, "request_sha256", "at", "revision", "answer"];

interface Kept {
  readonly call: IdempotentCall;
  readonly revision: number;
  readonly answer?: KeptAnswer;
}

export async function putCalls(session: Session, kept: readonly Kept[]): Promise<void> {
  const last = new Map<string, SqlRow>(
    kept.map(({ call: { callSha256, requestSha256, at }, revision, answer }) => {
      const text = answer === undefined ? null : JSON.stringify(answer);
      return [callSha256, [callSha256, requestSha256, at, revision, text]];
    }),
  );
  const onConflict = replacing(KEY, columns);
  await session.insert({ table: "idempotent_calls", columns, onConflict }, [...last.values()]);
}

/** The calls that may be sent again and have taken the revisions of a batch. */
export async function putIdempotentCalls(
  session: Session,
  entries: readonly Append[],
): Promise<void> {
  const kept = entries.flatMap(({ idempotent: call, heading: { revision } }) =>
    call ? [{ call, revision }] : [],
  );
  await putCalls(session, kept);
}

/** Which calls of a batch another process has carried out since it was asked whether they were. */
export async function callsCarriedOut(
  session: Session,
  entries: readonly Append[],
): Promise<string[]> {
  const asked = entries.flatMap(({ idempotent }) => idempotent ?? []);
  if (asked.length === 0) return [];
  const rows = await session.rows<[string]>(
    `SELECT kept.${KEY} FROM idempotent_calls AS kept
     JOIN unnest($1::text[], $2::int8[]) AS asked (${KEY}, after)
     ON kept.${KEY} = asked.${KEY} AND kept.at > asked.after`,
    [asked.map(({ callSha256 }) => callSha256), asked.map(({ at }) => at - CALLS_ANSWERED_MS)],
  );
  return rows.map(([callSha256]) => callSha256);
}

export async function keptCall(
  session: Session,
  callSha256: string,
): Promise<KeptCall | undefined> {
  const row = await session.row<[string, number, number, string | null]>(
    `SELECT request_sha256, at, revision, answer FROM idempotent_calls WHERE ${KEY} = $1`,
    [callSha256],
  );
  if (!row) return undefined;
  const [requestSha256, at, revision, text] = row;
  const answer = text === null ? undefined : JSON.parse(text);
  return { callSha256, requestSha256, at, revision, answer };
}

/** Deletes what is older than `before`, at most `limit`; tells how many. */
export function forgetCalls(session: Session, before: number, limit: number): Promise<number> {
  return session.run(
    `DELETE FROM idempotent_calls WHERE ${KEY} IN (
       SELECT ${KEY} FROM idempotent_calls WHERE at < $1 ORDER BY at LIMIT $2)`,
    [before, limit],
  );
}
