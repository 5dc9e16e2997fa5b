/** What was done and denied, newest last. */

import type { AuditEntry, AuditPage, AuditRecord } from "../calls.ts";
import type { Append } from "../revisions.ts";
import type { SqlRow } from "../rows/columns.ts";
import { AUDIT, AUDIT_KEPT_MAX } from "../rows/records.ts";
import type { Session } from "./session.ts";

const { columns } = AUDIT;

export async function addAudit(session: Session, entries: readonly AuditEntry[]): Promise<void> {
  await session.insert({ table: "audit", columns }, entries.map(AUDIT.toRow));
}

/** The calls that have taken the revisions of a batch. */
export async function addCommittedCalls(
  session: Session,
  entries: readonly Append[],
): Promise<void> {
  const calls = entries.flatMap(({ call, heading: { at, actor, revision } }) =>
    call ? [{ at, actor, ...call, outcome: "committed" as const, revision }] : [],
  );
  await addAudit(session, calls);
}

/** The oldest go where there are more than are kept. */
export async function forgetAudit(session: Session): Promise<void> {
  const text = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - $1::int8";
  await session.run(text, [AUDIT_KEPT_MAX]);
}

export async function pageOfAudit(
  session: Session,
  { limit, before, actor, since, until }: AuditPage,
): Promise<AuditRecord[]> {
  const rows = await session.rows<readonly [number, ...SqlRow]>(
    `SELECT id, ${columns.join(", ")} FROM audit
     WHERE ($1::int8 IS NULL OR id < $1) AND ($2::text IS NULL OR actor = $2)
       AND ($3::int8 IS NULL OR at >= $3) AND ($4::int8 IS NULL OR at < $4)
     ORDER BY id DESC LIMIT $5`,
    [before, actor, since, until, limit],
  );
  return rows.map(([id, ...row]) => ({ id, ...AUDIT.fromRow(row) }));
}
