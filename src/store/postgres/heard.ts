/** What was heard of storage servers and does not stand in the ledger yet. */
import { randomUUID } from "node:crypto";
import type { StorageServerId } from "../../core/model.ts";
import type { Heard, HeardEvent, HeardOf } from "../shared-store.ts";
import { replacing, type Session } from "./session.ts";

const KEY = "storage_server_id, kind";
const COLUMNS = ["storage_server_id", "kind", "registered_revision", "heard_id", "at"];
const REPORT_COLUMNS = ["generation", "revision", "digest"];

type Row = [
  storageServerId: StorageServerId,
  kind: HeardEvent["kind"],
  registeredRevision: number,
  heardId: string,
  at: number,
  generation: number | null,
  revision: number | null,
  digest: string | null,
];

export async function putHeard(
  session: Session,
  { storageServerId, registeredRevision, event, at }: HeardOf,
): Promise<string> {
  const heardId = randomUUID();
  const columns = [...COLUMNS, ...REPORT_COLUMNS];
  const heard = [storageServerId, event.kind, registeredRevision, heardId, at];
  const { generation, revision, digest } = event.kind === "reported" ? event.report : NO_REPORT;
  const onConflict = replacing(KEY, columns);
  await session.insert({ table: "heard", columns, onConflict }, [
    [...heard, generation, revision, digest],
  ]);
  return heardId;
}

const NO_REPORT = { generation: null, revision: null, digest: null };

/** In the order in which it was heard. */
export async function allHeard(session: Session): Promise<Heard[]> {
  const rows = await session.rows<Row>(
    `SELECT storage_server_id, kind, registered_revision, heard_id, at, ${REPORT_COLUMNS.join(", ")}
     FROM heard ORDER BY at`,
  );
  return rows.map(([storageServerId, kind, registeredRevision, heardId, at, ...report]) => {
    const heard = { storageServerId, registeredRevision, heardId, at };
    const [generation, revision, digest] = report;
    if (kind !== "reported") return { ...heard, event: { kind } };
    const said = { generation: generation!, revision: revision!, digest: digest! };
    return { ...heard, event: { kind, report: said } };
  });
}

/** But not what has been heard since. */
export async function forgetHeard(session: Session, taken: readonly Heard[]): Promise<void> {
  if (taken.length === 0) return;
  const ids = taken.map(({ heardId }) => heardId);
  await session.run("DELETE FROM heard WHERE heard_id = ANY($1::text[])", [ids]);
}
