/** The versioned tables, but for those with a form of their own: a2c_entries and settings. */
import type { VolumeRecord } from "../../core/changes.ts";
import type {
  Link,
  LinkAssignment,
  LinkId,
  Process,
  ProcessId,
  StorageServer,
  StorageServerId,
  VolumeId,
} from "../../core/model.ts";
import { type Columns, json, type RowCodec, rowCodec } from "./columns.ts";

export interface VersionedTable<Key extends string, Fields> {
  readonly name: string;
  readonly keyColumn: string;
  readonly keyOf: (fields: Fields) => Key;
  readonly codec: RowCodec<Fields>;
}

function table<Key extends string, Fields>(
  name: string,
  keyColumn: string,
  keyOf: (fields: Fields) => Key,
  columns: Columns<Fields>,
): VersionedTable<Key, Fields> {
  return { name, keyColumn, keyOf, codec: rowCodec(columns) };
}

export const STORAGE_SERVERS = table<StorageServerId, StorageServer>(
  "storage_servers",
  "id",
  (server) => server.id,
  {
    id: "id",
    callbackUrl: "callback_url",
    labels: json("labels"),
    state: "state",
    registeredRevision: "registered_revision",
    fencedRevision: "fenced_revision",
    revision: "revision",
  },
);

export const PROCESSES = table<ProcessId, Process>("processes", "id", (process) => process.id, {
  id: "id",
  storageServerId: "storage_server_id",
  rNodeId: "r_node_id",
  cNodeId: "c_node_id",
  dNodeId: "d_node_id",
  weightMilli: "weight_milli",
  state: "state",
  revision: "revision",
});

export const LINKS = table<LinkId, Link>("links", "id", (link) => link.id, {
  id: "id",
  remoteAddress: "remote_address",
  remotePort: "remote_port",
  localAddress: "local_address",
  labels: json("labels"),
  storageServerId: "storage_server_id",
  state: "state",
  revision: "revision",
});

export const LINK_ASSIGNMENTS = table<LinkId, LinkAssignment>(
  "link_assignments",
  "link_id",
  (row) => row.linkId,
  {
    linkId: "link_id",
    rNodeId: "r_node_id",
    remoteAddress: "remote_address",
    remotePort: "remote_port",
    revision: "revision",
  },
);

export const VOLUMES = table<VolumeId, VolumeRecord>("volumes", "id", (volume) => volume.id, {
  id: "id",
  blockCount: "block_count",
  extentBlocks: "extent_blocks",
  createdRevision: "created_revision",
  revision: "revision",
});
