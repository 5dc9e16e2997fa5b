/** In which revisions of the generation storage servers lost addresses. */
import type { StorageServerId } from "../../core/model.ts";
import type { AddressLoss, Append } from "../revisions.ts";
import type { Session } from "./session.ts";

type Row = [storageServerId: StorageServerId, revision: number];

/** What a batch of decisions leaves of the table. */
export async function applyLosses(session: Session, entries: readonly Append[]): Promise<void> {
  let beginsAnew = false;
  const forgotten = new Set<StorageServerId>();
  let added: Row[] = [];
  for (const { losses, changes } of entries) {
    if (changes.generation !== undefined) {
      beginsAnew = true;
      added = [];
    }
    for (const { key, after } of losses) {
      if (after !== undefined) {
        added.push([key, after]);
        continue;
      }
      forgotten.add(key);
      added = added.filter(([id]) => id !== key);
    }
  }
  if (beginsAnew) await session.run("DELETE FROM address_losses");
  else if (forgotten.size > 0) {
    const text = "DELETE FROM address_losses WHERE storage_server_id = ANY($1::text[])";
    await session.run(text, [[...forgotten]]);
  }
  const columns = ["storage_server_id", "revision"];
  const onConflict = "ON CONFLICT (storage_server_id, revision) DO NOTHING";
  await session.insert({ table: "address_losses", columns, onConflict }, added);
}

/** Lets go of what servers have acknowledged, but the last. */
export async function trimLosses(
  session: Session,
  acknowledged: readonly { readonly id: StorageServerId; readonly revision: number }[],
): Promise<void> {
  if (acknowledged.length === 0) return;
  await session.run(
    `DELETE FROM address_losses AS gone
     USING unnest($1::text[], $2::int8[]) AS acknowledged (id, revision)
     WHERE gone.storage_server_id = acknowledged.id AND gone.revision < (
       SELECT max(kept.revision) FROM address_losses AS kept
       WHERE kept.storage_server_id = acknowledged.id AND kept.revision <= acknowledged.revision)`,
    [acknowledged.map(({ id }) => id), acknowledged.map(({ revision }) => revision)],
  );
}

export async function allLosses(session: Session): Promise<AddressLoss[]> {
  return (await lossRows(session)).map(lossOf);
}

export async function lossesSince(session: Session, revision: number): Promise<AddressLoss[]> {
  const rows = await session.rows<Row>(
    "SELECT storage_server_id, revision FROM address_losses WHERE revision > $1 ORDER BY revision",
    [revision],
  );
  return rows.map(lossOf);
}

function lossOf([storageServerId, revision]: Row): AddressLoss {
  return { storageServerId, revision };
}

/** The last of each server. */
export async function lastLosses(session: Session): Promise<[StorageServerId, number][]> {
  return [...new Map(await lossRows(session))];
}

function lossRows(session: Session): Promise<Row[]> {
  return session.rows<Row>(
    `SELECT storage_server_id, revision FROM address_losses
     ORDER BY storage_server_id, revision`,
  );
}
