/** Every table with every column, as both engines have them, for whoever moves a store whole. */
import { A2C_COLUMNS } from "./a2c-columns.ts";
import type { SqlRow, SqlValue } from "./columns.ts";
import { DELIVERIES } from "./delivery-columns.ts";
import { AUDIT, CREDENTIALS, HEAD, LOADS, MOVES, SETTINGS } from "./records.ts";
import { REVISIONS } from "./revision-columns.ts";
import {
  LINK_ASSIGNMENTS,
  LINKS,
  PROCESSES,
  STORAGE_SERVERS,
  VOLUMES,
} from "./versioned-tables.ts";

export interface WholeTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** In which rows are to be written, where they are numbered as they come. */
  readonly order?: string;
}

const VERSION = ["from_revision", "to_revision"];

export const ALL_TABLES: readonly WholeTable[] = [
  { name: "cluster", columns: ["id", ...HEAD.columns, "floor_revision", "history_bytes"] },
  { name: "revisions", columns: [...REVISIONS.columns, "generation", "digest", "history_bytes"] },
  ...[STORAGE_SERVERS, PROCESSES, LINKS, LINK_ASSIGNMENTS, VOLUMES].map(({ name, codec }) => ({
    name,
    columns: [...codec.columns, ...VERSION],
  })),
  { name: "a2c_entries", columns: [...A2C_COLUMNS.split(", "), ...VERSION] },
  { name: "settings", columns: [...SETTINGS.columns, ...VERSION] },
  { name: "storage_server_credentials", columns: CREDENTIALS.columns },
  { name: "deliveries", columns: DELIVERIES.columns },
  { name: "address_losses", columns: ["storage_server_id", "revision"] },
  { name: "process_loads", columns: LOADS.columns },
  { name: "rebalances", columns: ["id", "document", "move_count", "plan", "forget_at"] },
  { name: "rebalance_moves", columns: ["rebalance_id", "position", ...MOVES.columns] },
  { name: "audit", columns: AUDIT.columns, order: "id" },
  {
    name: "idempotent_calls",
    columns: ["call_sha256", "request_sha256", "at", "revision", "answer"],
  },
];

/** A row as a line, the same from either engine. */
export function lineOf(row: SqlRow): string {
  return JSON.stringify(row.map(plain));
}

function plain(value: SqlValue): string | number | null {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
