/** Which column keeps which field, in the tables that are not versioned; the same in each engine. */
import type { Credentials, Settings, StorageServerId } from "../../core/model.ts";
import type { Move } from "../../core/rebalance/types.ts";
import type { StateRecords } from "../../core/stored-state.ts";
import type { AuditEntry } from "../calls.ts";
import type { MeasuredLoad } from "../store.ts";
import { bytes, rowCodec } from "./columns.ts";

/** The head's figures. */
export type Head = Pick<
  StateRecords,
  | "clusterId"
  | "generation"
  | "revision"
  | "distributedRevision"
  | "linkAssignmentsRevision"
  | "digest"
>;

export const HEAD = rowCodec<Head>({
  clusterId: "cluster_id",
  generation: "generation",
  revision: "revision",
  distributedRevision: "distributed_revision",
  linkAssignmentsRevision: "link_assignments_revision",
  digest: bytes("digest"),
});

export const SETTINGS = rowCodec<Settings>({
  replicationCostMicro: "replication_cost_micro",
  revision: "revision",
});

export const CREDENTIALS = rowCodec<{ storageServerId: StorageServerId } & Credentials>({
  storageServerId: "storage_server_id",
  signingSecret: "signing_secret",
  previousSecret: "previous_secret",
  previousSecretUntil: "previous_secret_until",
  tokenSha256: "token_sha256",
});

export const LOADS = rowCodec<MeasuredLoad>({
  processId: "process_id",
  cNodeLoad: "c_node_load",
  rNodeLoad: "r_node_load",
  at: "at",
});

export const MOVES = rowCodec<Move>({
  volumeId: "volume_id",
  firstLba: "first_lba",
  lastLba: "last_lba",
  fromCNodeId: "from_c_node_id",
  toCNodeId: "to_c_node_id",
});

export const AUDIT = rowCodec<AuditEntry>({
  at: "at",
  actor: "actor",
  method: "method",
  path: "path",
  outcome: "outcome",
  status: "status",
  code: "code",
  revision: "revision",
});

/** So many calls are kept in the audit. */
export const AUDIT_KEPT_MAX = 100_000;
