/** The settings, one live row at most. */
import type { Settings } from "../../core/model.ts";
import { SETTINGS } from "../rows/records.ts";
import type { Session } from "./session.ts";

const SELECT = `SELECT ${SETTINGS.columns.join(", ")} FROM settings`;
const COLUMNS = [...SETTINGS.columns, "from_revision"];

export async function putSettings(
  session: Session,
  settings: Settings,
  revision: number,
): Promise<void> {
  await session.run("UPDATE settings SET to_revision = $1 WHERE to_revision IS NULL", [revision]);
  const row = [...SETTINGS.toRow(settings), revision];
  await session.insert({ table: "settings", columns: COLUMNS }, [row]);
}

export async function liveSettings(session: Session): Promise<Settings> {
  const row = await session.row(`${SELECT} WHERE to_revision IS NULL`);
  return row ? SETTINGS.fromRow(row) : { revision: 0 };
}

export async function settingsOf(
  session: Session,
  revision: number,
): Promise<Settings | undefined> {
  const row = await session.row(`${SELECT} WHERE from_revision = $1`, [revision]);
  return row && SETTINGS.fromRow(row);
}
