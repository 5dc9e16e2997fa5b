/** The secrets. Only the present ones: what is replaced or removed is gone. */
import type { Credentials, StorageServerId } from "../../core/model.ts";
import type { Append } from "../revisions.ts";
import { CREDENTIALS } from "../rows/records.ts";
import { replacing, type Session } from "./session.ts";

const { columns } = CREDENTIALS;
const TABLE = "storage_server_credentials";
const KEY = "storage_server_id";

export async function putCredentials(session: Session, entries: readonly Append[]): Promise<void> {
  const last = new Map(
    entries.flatMap(({ changes }) => changes.credentials).map(({ key, after }) => [key, after]),
  );
  const gone = [...last].filter(([, after]) => !after).map(([key]) => key);
  if (gone.length > 0) {
    await session.run(`DELETE FROM ${TABLE} WHERE ${KEY} = ANY($1::text[])`, [gone]);
  }
  const rows = [...last].flatMap(([storageServerId, after]) =>
    after ? [CREDENTIALS.toRow({ storageServerId, ...after })] : [],
  );
  await session.insert({ table: TABLE, columns, onConflict: replacing(KEY, columns) }, rows);
}

export async function allCredentials(session: Session): Promise<[StorageServerId, Credentials][]> {
  const rows = await session.rows(`SELECT ${columns.join(", ")} FROM ${TABLE} ORDER BY ${KEY}`);
  return rows.map((row) => {
    const { storageServerId, ...credentials } = CREDENTIALS.fromRow(row);
    return [storageServerId, credentials];
  });
}
